//! What may be the name of a caller.
//!
//! Names are compared byte by byte, so each caller must have exactly one spelling. Spellings that a URI
//! library, a resolver or a C string would normalize to another name are rejected.

/// The longest URI, as SPIFFE has it.
const MAX_URI_BYTES: usize = 2048;
/// The longest host (RFC 1035), and the longest of its labels.
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;
/// The longest common name (X.520's `ub-common-name`).
const MAX_COMMON_NAME_CHARS: usize = 64;

/// What is wrong with `name`: a URI, `dns:` and a host, or `cn:` and a common name.
pub(crate) fn check(name: &str) -> Result<(), &'static str> {
    if let Some(host) = name.strip_prefix("dns:") {
        check_host(host)
    } else if let Some(common) = name.strip_prefix("cn:") {
        check_common_name(common)
    } else if let Some((scheme, rest)) = name.split_once("://") {
        check_uri(name, scheme, rest)
    } else {
        Err("is no URI with ://, no dns:NAME and no cn:NAME")
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let letter =
        |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-' || it == b'_';
    if host.len() > MAX_HOST_BYTES {
        return Err("is too long for a host");
    }
    for label in host.split('.') {
        if label.is_empty() || label.len() > MAX_LABEL_BYTES {
            return Err("has a part between dots that is empty or too long");
        }
        if !label.bytes().all(letter) || label.starts_with('-') || label.ends_with('-') {
            return Err("has something else than lower-case letters, digits and hyphens");
        }
    }
    Ok(())
}

fn check_common_name(name: &str) -> Result<(), &'static str> {
    let length = name.chars().count();
    if length == 0 || length > MAX_COMMON_NAME_CHARS {
        return Err("is an empty or too long common name");
    }
    let unusable = |it: char| it.is_control() || it == '*';
    if name.contains(unusable) || name.trim() != name || name.starts_with("//") {
        return Err("has a control character, a *, a space at an end or // at its start");
    }
    Ok(())
}

/// As SPIFFE has its ids (<https://spiffe.io/docs/latest/spiffe-specs/spiffe-id>), and for other schemes
/// with a few more signs in the path: no user, no query, no fragment, and nothing that is encoded.
fn check_uri(uri: &str, scheme: &str, rest: &str) -> Result<(), &'static str> {
    let spiffe = scheme == "spiffe";
    let of_scheme = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"+-.".contains(&it);
    let is_scheme = scheme.starts_with(|it: char| it.is_ascii_lowercase());
    if !is_scheme || !scheme.bytes().all(of_scheme) || ["dns", "cn"].contains(&scheme) {
        return Err("has no scheme in lower case");
    }
    if uri.len() > MAX_URI_BYTES {
        return Err("is too long for a URI");
    }
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, Some(path)),
        None => (rest, None),
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !spiffe && !port.is_empty() => {
            let is_port = port.bytes().all(|it| it.is_ascii_digit());
            is_port
                .then_some(host)
                .ok_or("has a port that is no number")?
        }
        _ => authority,
    };
    check_host(host)?;
    let in_path = |it: u8| {
        it.is_ascii_alphanumeric() || b"-._".contains(&it) || (!spiffe && b"~:@=+,".contains(&it))
    };
    for segment in path.into_iter().flat_map(|path| path.split('/')) {
        if ["", ".", ".."].contains(&segment) {
            return Err("has an empty part, . or .. in its path");
        }
        if !segment.bytes().all(in_path) {
            return Err("has a percent sign, or another that may not be in a path");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_one_spelling() {
        for name in [
            "spiffe://acme",
            "spiffe://acme.internal/ns/Prod_1/sa/billing-2",
            "https://acme.internal:8443/ops/anna@acme",
            "dns:billing",
            "dns:a-b.c_d.acme.internal",
            "cn:Anna Smith",
            "cn:billing",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "billing",
            "spiffe:acme/billing",
            "spiffe://",
            "spiffe:///billing",
            "SPIFFE://acme/billing",
            "Spiffe://acme/billing",
            "spiffe://Acme/billing",
            "spiffe://acme/",
            "spiffe://acme//billing",
            "spiffe://acme/billing/",
            "spiffe://acme/ops/../billing",
            "spiffe://acme/./billing",
            "spiffe://acme/..",
            "spiffe://acme/bill%69ng",
            "spiffe://acme/%2e%2e/billing",
            "spiffe://acme%2fbilling",
            "spiffe://acme/billing\0",
            "spiffe://acme\0.evil/billing",
            "spiffe://acme/billing?a",
            "spiffe://acme/billing#a",
            "spiffe://user@acme/billing",
            "spiffe://acme:80/billing",
            "spiffe://acme/bill ing",
            "spiffe://acme/b\u{456}lling",
            "spiffe://acme/*",
            "spiffe://acme..internal/billing",
            "spiffe://acme./billing",
            "cn://billing",
            "dns://billing",
            "://billing",
            "https://acme:x/billing",
            "dns:",
            "dns:Billing.acme",
            "dns:billing..acme",
            "dns:.acme",
            "dns:acme.",
            "dns:*.acme",
            "dns:billing\0.evil",
            "dns:bill%69ng",
            "dns:-acme",
            "dns:acme-.internal",
            "dns:b\u{456}lling",
            "cn:",
            "cn: billing",
            "cn:billing\0",
            "cn:bill\ning",
            "cn:*",
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
        assert!(check(&format!("dns:{}", "a".repeat(64))).is_err());
        assert!(check(&format!("dns:{}", ["abc"; 64].join("."))).is_err());
        assert!(check(&format!("cn:{}", "a".repeat(65))).is_err());
        assert!(check(&format!("spiffe://acme/{}", "a".repeat(2048))).is_err());
    }
}
