//! Files that cannot be served with, at the start.

use carveout_tls::Tls;

use crate::authority::{Authority, Wanted};
use crate::world::{Files, metrics};

#[tokio::test]
async fn each_problem_names_its_file_and_what_is_wrong() {
    let ca = Authority::new("ca");
    let own = ca.server();
    let wanted = || Wanted::named("greeter").host("localhost");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &own.certificate[..own.certificate.len() / 2];
    for (name, text, words) in [
        ("tls.crt", "", "tls.crt: has no certificate"),
        ("tls.crt", "hello", "tls.crt: has no certificate"),
        ("tls.crt", &*own.key, "tls.crt: has no certificate"),
        (
            "tls.crt",
            broken,
            "tls.crt: is not a PEM file as it should be",
        ),
        ("tls.crt", cut, "tls.crt: is not a PEM file as it should be"),
        (
            "tls.crt",
            &*ca.issue(wanted().expired()).certificate,
            "tls.crt: has expired, at 20",
        ),
        (
            "tls.crt",
            &*ca.issue(wanted().not_yet_valid()).certificate,
            "tls.crt: is not valid before 20",
        ),
        ("tls.key", "", "tls.key: has no private key"),
        ("tls.key", &*own.certificate, "tls.key: has no private key"),
        (
            "tls.key",
            &*ca.server().key,
            "tls.key: is the key of another certificate",
        ),
        (
            "tls.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "tls.key: has a private key that wants a password",
        ),
        (
            "tls.key",
            &*"x".repeat(2 << 20),
            "tls.key: is larger than 1 MiB",
        ),
        ("ca.crt", "", "ca.crt: has no certificate"),
        ("ca.crt", broken, "ca.crt: cannot be used"),
    ] {
        let files = Files::new(&own, &ca);
        files.write(name, text);
        let error = Tls::load(&files.config(), &metrics())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    let files = Files::new(&own, &ca);
    let mut config = files.config();
    for (path, words) in [
        ("/no/such/key", "/no/such/key: cannot be read: "),
        ("/dev/zero", "/dev/zero: is larger than 1 MiB"),
        ("/", "/: cannot be read: "),
    ] {
        config.key_file = path.into();
        let error = Tls::load(&config, &metrics()).err().unwrap().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}
