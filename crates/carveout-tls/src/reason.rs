use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Which end the words are for: the other one is who did something wrong.
#[derive(Clone, Copy)]
pub(crate) enum Other {
    Caller,
    Server,
}

impl Other {
    fn name(self) -> &'static str {
        match self {
            Other::Caller => "caller",
            Other::Server => "server",
        }
    }
}

/// Says what a failed handshake failed at, for somebody who has the log and nothing else.
pub(crate) fn explained(other: Other, error: io::Error) -> io::Error {
    let kind = error.kind();
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    let text = match cause {
        Some(cause) => words(other, cause),
        None if kind == io::ErrorKind::UnexpectedEof => {
            format!("the {} hung up during the handshake", other.name())
        }
        None => format!("the handshake broke off: {error}"),
    };
    io::Error::new(kind, text)
}

fn words(other: Other, error: &Error) -> String {
    let who = other.name();
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("the {who} did not speak TLS")
        }
        Error::NoCertificatesPresented => {
            format!("the {who} has no certificate, and one is required")
        }
        Error::InvalidCertificate(problem) => certificate(who, problem),
        Error::PeerIncompatible(why) => {
            format!("the {who} and this end have no way of TLS in common: {why:?}")
        }
        Error::NoApplicationProtocol => format!("the {who} does not offer HTTP/2 (ALPN h2)"),
        Error::AlertReceived(alert) => alerted(who, *alert),
        other => format!("the handshake with the {who} failed: {other}"),
    }
}

fn certificate(who: &str, problem: &CertificateError) -> String {
    let its = format!("the {who}'s certificate");
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("{its} has expired ({problem})")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("{its} is not valid yet ({problem})")
        }
        CertificateError::UnknownIssuer => format!("{its} is not signed by a CA of ca_file"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            format!("{its} is not meant for a {who} ({problem})")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("{its} is for another name ({problem})")
        }
        CertificateError::Revoked => format!("{its} was revoked"),
        CertificateError::BadEncoding | CertificateError::BadSignature => {
            format!("{its} is damaged or forged ({problem})")
        }
        other => format!("{its} cannot be accepted: {other}"),
    }
}

fn alerted(who: &str, alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => {
            format!("the {who} does not accept this end's certificate ({alert:?})")
        }
        AlertDescription::CertificateExpired => {
            format!("the {who} says that this end's certificate has expired")
        }
        AlertDescription::CertificateRequired => {
            format!("the {who} wants a certificate, and this end has none")
        }
        other => format!("the {who} ended the handshake: {other:?}"),
    }
}
