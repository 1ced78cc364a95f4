//! Closing a port without losing who is at the door.

use std::net::TcpListener;

/// From here on the kernel takes no new connection for `listener`; those in its queue stay there.
///
/// Between the last `accept` and the close a connection can still come into the queue. The caller
/// sees it open and sends its call, and the close resets it: a proxy cannot tell whether that call
/// was begun, and fails it. One whose first packet (SYN) is dropped instead tries again after a
/// second, and is refused, which is safe to try elsewhere.
#[cfg(target_os = "linux")]
pub(super) fn let_nobody_in(listener: &TcpListener) -> std::io::Result<()> {
    use socket2::{SockFilter, SockRef};

    /// Where a TCP header has its flags, and the one of a first packet (RFC 9293, section 3.1).
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    // Classic BPF, as in the kernel's `Documentation/networking/filter.rst`.
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    let filter = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_SET, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    SockRef::from(listener).attach_filter(&filter)
}

/// Elsewhere the few microseconds stay.
#[cfg(not(target_os = "linux"))]
pub(super) fn let_nobody_in(_: &TcpListener) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_came_before_is_let_in_and_who_comes_after_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut before = TcpStream::connect(addr).unwrap();
        let_nobody_in(&listener).unwrap();

        // No answer, not even a refusal: the caller is about to try again.
        let after = TcpStream::connect_timeout(&addr, Duration::from_millis(100));
        assert_eq!(after.unwrap_err().kind(), ErrorKind::TimedOut);

        listener.set_nonblocking(true).unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        let nobody = listener.accept().unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
        drop(listener);
        let refused = TcpStream::connect(addr).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        before.write_all(b"call").unwrap();
        let mut call = [0; 4];
        accepted.read_exact(&mut call).unwrap();
        assert_eq!(&call, b"call");
    }
}
