//! The width of the kernel.

use detector::Number;
use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The width γ of the kernel exp(−γ‖x − y‖²): `"auto"`, `"scale"` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Raw", into = "Raw")]
#[schemars(!try_from, !into, rename_all = "kebab-case")]
pub enum Gamma {
    /// 1/d, PyOD's default.
    Auto,
    /// 1/(d·Var x), scikit-learn's default.
    ///
    /// The variance is over all values of the training rows together; 1 where they are all equal.
    Scale,
    /// A positive number.
    Value(f64),
}

impl Gamma {
    /// γ for the training rows `x`, `[n, d]`.
    pub(super) fn resolve<T: Number>(self, x: ArrayView2<'_, T>) -> f64 {
        let d = x.ncols() as f64;
        match self {
            Self::Auto => 1.0 / d,
            Self::Scale => {
                // Counted from one of the values, so that equal ones give exactly 0.
                let origin = x[(0, 0)].wide();
                let values = || x.iter().map(|v| v.wide() - origin);
                let len = x.len() as f64;
                let mean = values().sum::<f64>() / len;
                let squares: f64 = values().map(|v| (v - mean).powi(2)).sum();
                if squares == 0.0 {
                    1.0
                } else {
                    len / (d * squares)
                }
            }
            Self::Value(gamma) => gamma,
        }
    }
}

/// How γ is written in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Raw {
    Number(f64),
    Name(String),
}

impl TryFrom<Raw> for Gamma {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        match raw {
            Raw::Number(gamma) => Ok(Self::Value(gamma)),
            Raw::Name(name) if name == "auto" => Ok(Self::Auto),
            Raw::Name(name) if name == "scale" => Ok(Self::Scale),
            Raw::Name(name) => Err(format!(
                "gamma = {name:?}: expected \"auto\", \"scale\" or a number"
            )),
        }
    }
}

impl From<Gamma> for Raw {
    fn from(gamma: Gamma) -> Self {
        match gamma {
            Gamma::Auto => Self::Name("auto".into()),
            Gamma::Scale => Self::Name("scale".into()),
            Gamma::Value(gamma) => Self::Number(gamma),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn names_and_numbers_are_read() {
        #[derive(Deserialize)]
        struct Settings {
            gamma: Gamma,
        }
        let read = |text: &str| toml::from_str::<Settings>(text).map(|s| s.gamma);
        assert_eq!(read("gamma = \"auto\"").unwrap(), Gamma::Auto);
        assert_eq!(read("gamma = \"scale\"").unwrap(), Gamma::Scale);
        assert_eq!(read("gamma = 0.25").unwrap(), Gamma::Value(0.25));
        assert_eq!(read("gamma = 2").unwrap(), Gamma::Value(2.0));
        let message = read("gamma = \"wide\"").unwrap_err().to_string();
        assert!(
            message.contains("expected \"auto\", \"scale\" or a number"),
            "{message}"
        );
    }

    #[test]
    fn scale_is_one_over_d_times_the_variance() {
        // Mean 4; squares 9 + 4 + 1 + 25 + 1 + 0 over 6 values: variance 20/3.
        let x = array![[1.0f32, 2.0, 3.0], [9.0, 5.0, 4.0]];
        assert!((Gamma::Scale.resolve(x.view()) - 1.0 / 20.0).abs() < 1e-16);
    }

    #[test]
    fn equal_values_have_no_variance() {
        let x = Array2::from_elem((7, 3), 0.1f32);
        assert_eq!(Gamma::Scale.resolve(x.view()), 1.0);
        assert_eq!(Gamma::Auto.resolve(x.view()), 1.0 / 3.0);
    }
}
