mod diffusion;
mod diffusion_time;
mod features;
mod parts;
mod pixels;

use std::sync::LazyLock;

use residuum::{Method, RegistryError};

/// Every method with its detector, those without libtorch among them, in the order of the tables.
pub fn methods() -> &'static [Method] {
    static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| residuum::with_networks(networks()));
    &METHODS
}

/// The method called `name`.
///
/// # Errors
/// [`RegistryError::UnknownMethod`].
pub fn find(name: &str) -> Result<&'static Method, RegistryError> {
    residuum::find_among(methods(), name)
}

/// The methods of this crate as JSON, without their detectors: what `residuum` reads them from.
pub fn describe() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&networks()).map(|text| text + "\n")
}

/// What `train.replicas` means, which every training has and no configuration where it is 1.
const REPLICAS: &str = "Networks of the same shape, of other seeds or sets, that a sweep trains as one, at most: for small networks on a GPU. Of dte-c, dte-ig and ddpm; others take 1 alone.";

fn networks() -> Vec<Method> {
    let mut methods = vec![
        diffusion::ddpm(),
        diffusion::dit(),
        diffusion_time::categorical(),
        diffusion_time::inverse_gamma(),
        diffusion_time::tccm(),
        pixels::ddpm_unet(),
        pixels::dit_pixels(),
        pixels::dte_c_conv(),
        features::padim(),
        features::patch_knn(),
        features::patch_wiener(),
        features::patch_ddpm(),
        features::patch_dit(),
        features::dit_features(),
    ];
    for method in &mut methods {
        if method.defaults.contains_key("train") {
            let replicas = ("train.replicas".to_owned(), REPLICAS.to_owned());
            method.settings.push(replicas);
        }
    }
    methods
}

#[cfg(test)]
mod tests {
    use residuum::Runtime;

    use super::*;

    #[test]
    fn the_light_registry_describes_these_methods() {
        let file = include_str!("../../residuum/src/registry/networks.json");
        assert!(
            file == describe().unwrap(),
            "cargo run -p networks --release --example describe > crates/residuum/src/registry/networks.json"
        );
        for (light, whole) in residuum::methods().iter().zip(methods()) {
            assert_eq!(light.name, whole.name);
            assert_eq!(light.config(), whole.config(), "{}", light.name);
            assert_eq!(light.settings, whole.settings, "{}", light.name);
            assert_eq!(
                light.build.is_none(),
                whole.needs_libtorch,
                "{}",
                light.name
            );
        }
        assert_eq!(residuum::methods().len(), methods().len());
    }

    #[test]
    fn defaults_build_every_method() {
        for method in methods() {
            let detector = method.detector(&method.config(), &Runtime::cpu());
            assert!(detector.is_ok(), "{}", method.name);
        }
    }
}
