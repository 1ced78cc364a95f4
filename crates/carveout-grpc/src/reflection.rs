use tonic_reflection::server::Builder;

use crate::routes::Routes;

/// Adds reflection, v1 and v1alpha: most tools in the field still ask for the older one first.
///
/// Contracts that are not valid descriptors leave it out: `Routes` has kept the reason, and the
/// start fails with it.
pub(crate) fn add_to(mut routes: Routes) -> Routes {
    let builder = || {
        let sets = routes.descriptors().iter().copied();
        sets.fold(
            Builder::configure(),
            Builder::register_encoded_file_descriptor_set,
        )
    };
    let (v1, v1alpha) = (builder().build_v1(), builder().build_v1alpha());
    if let Ok(v1) = v1 {
        routes = routes.add(v1, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET);
    }
    if let Ok(v1alpha) = v1alpha {
        routes = routes.add(v1alpha, tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
    }
    routes
}
