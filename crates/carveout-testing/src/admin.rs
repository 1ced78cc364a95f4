use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the admin port answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminAnswer {
    /// The HTTP status, 200 say.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// One request a connection and no more: HTTP/1.0 needs no client library.
pub(crate) async fn request(addr: SocketAddr, method: &str, path: &str) -> AdminAnswer {
    let answer = async {
        let mut stream = TcpStream::connect(addr).await?;
        let request =
            format!("{method} {path} HTTP/1.0\r\nhost: {addr}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = answer
        .await
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    AdminAnswer {
        status: status.unwrap_or_else(|| panic!("{method} {path}: no status in {head:?}")),
        body: body.to_owned(),
    }
}
