use std::str::FromStr;

use crate::error::RegistryError;

/// Where networks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A CUDA device by index.
    Cuda(usize),
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// A device as asked for, before anyone looked whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA where it is there, else the processor.
    Auto,
    /// This one or an error.
    Only(Device),
}

impl FromStr for DeviceChoice {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let index = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Only(Device::Cpu)),
            "cuda" => Some(0),
            other => other.strip_prefix("cuda:").and_then(|i| i.parse().ok()),
        };
        index
            .map(|index| Self::Only(Device::Cuda(index)))
            .ok_or_else(|| RegistryError::Device {
                device: text.to_owned(),
                reason: "not one of auto, cpu, cuda, cuda:0, cuda:1, …",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_written() {
        assert_eq!("auto".parse::<DeviceChoice>().unwrap(), DeviceChoice::Auto);
        assert_eq!(
            "cuda".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Only(Device::Cuda(0))
        );
        assert_eq!(
            "cuda:3".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Only(Device::Cuda(3))
        );
        for wrong in ["gpu", "cuda:", "cuda:x", ""] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }
}
