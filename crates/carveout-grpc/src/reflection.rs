use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::Builder;

use crate::routes::Routes;

/// Adds reflection, v1 and v1alpha: most tools in the field still ask for the older one first.
///
/// Both tell of everything that can be called or come back: each of the other, and of the details
/// of errors, which tools otherwise show as the bytes that they are.
///
/// Contracts that are not valid descriptors leave it out: `Routes` has kept the reason, and the
/// start fails with it.
pub(crate) fn add_to(mut routes: Routes) -> Routes {
    let builder = || {
        let services = routes.descriptors().iter().copied();
        let rest = [
            v1::FILE_DESCRIPTOR_SET,
            v1alpha::FILE_DESCRIPTOR_SET,
            tonic_types::pb::FILE_DESCRIPTOR_SET,
        ];
        services.chain(rest).fold(
            Builder::configure().include_reflection_service(false),
            Builder::register_encoded_file_descriptor_set,
        )
    };
    let (new, old) = (builder().build_v1(), builder().build_v1alpha());
    if let Ok(new) = new {
        routes = routes.add(new, v1::FILE_DESCRIPTOR_SET);
    }
    if let Ok(old) = old {
        routes = routes.add(old, v1alpha::FILE_DESCRIPTOR_SET);
    }
    routes
}
