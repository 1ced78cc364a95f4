//! A certificate authority.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, NameConstraints, SanType,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a certificate is to say. It is valid since yesterday and until tomorrow.
pub(crate) struct Wanted(CertificateParams);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, None)
    }

    /// One whose callers may only have hosts below `host`.
    pub(crate) fn constrained_to(name: &str, host: &str) -> Self {
        let constraints = NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(host.into())],
            excluded_subtrees: Vec::new(),
        };
        Self::with(name, Some(constraints))
    }

    fn with(name: &str, constraints: Option<NameConstraints>) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.name_constraints = constraints;
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub(crate) fn issue(&self, wanted: Wanted) -> Issued {
        let key = KeyPair::generate().unwrap();
        Issued {
            certificate: wanted.0.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn server(&self) -> Issued {
        self.issue(Wanted::named("greeter").host("localhost"))
    }

    pub(crate) fn caller(&self, uri: &str) -> Issued {
        self.issue(Wanted::named("a caller").uri(uri))
    }
}

impl Wanted {
    pub(crate) fn named(common_name: &str) -> Self {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, common_name);
        params.use_authority_key_identifier_extension = true;
        Self(params).valid(SystemTime::now() - DAY, SystemTime::now() + DAY)
    }

    /// One more common name.
    pub(crate) fn and_named(mut self, common_name: &str) -> Self {
        let common = DnType::CustomDnType(vec![2, 5, 4, 3]);
        self.0.distinguished_name.push(common, common_name);
        self
    }

    pub(crate) fn host(mut self, name: &str) -> Self {
        let name = SanType::DnsName(name.try_into().unwrap());
        self.0.subject_alt_names.push(name);
        self
    }

    pub(crate) fn uri(mut self, uri: &str) -> Self {
        let uri = SanType::URI(uri.try_into().unwrap());
        self.0.subject_alt_names.push(uri);
        self
    }

    /// Subject alternative names that rcgen would not write: each is a tag of a GeneralName and its bytes.
    pub(crate) fn raw_names(mut self, names: &[(u8, &[u8])]) -> Self {
        const SUBJECT_ALTERNATIVE_NAME: [u64; 4] = [2, 5, 29, 17];
        let mut sequence = Vec::new();
        for (tag, name) in names {
            sequence.extend([0x80 | tag, u8::try_from(name.len()).unwrap()]);
            sequence.extend(*name);
        }
        let mut content = vec![0x30, u8::try_from(sequence.len()).unwrap()];
        content.append(&mut sequence);
        let extension = CustomExtension::from_oid_content(&SUBJECT_ALTERNATIVE_NAME, content);
        self.0.custom_extensions.push(extension);
        self
    }

    pub(crate) fn valid(mut self, from: SystemTime, to: SystemTime) -> Self {
        (self.0.not_before, self.0.not_after) = (from.into(), to.into());
        self
    }

    pub(crate) fn expired(self) -> Self {
        let now = SystemTime::now();
        self.valid(now - 2 * DAY, now - DAY)
    }

    pub(crate) fn not_yet_valid(self) -> Self {
        let now = SystemTime::now();
        self.valid(now + DAY, now + 2 * DAY)
    }

    pub(crate) fn only_for_servers(mut self) -> Self {
        self.0.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self
    }

    pub(crate) fn self_signed(self) -> Issued {
        let key = KeyPair::generate().unwrap();
        Issued {
            certificate: self.0.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}
