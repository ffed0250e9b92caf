//! What the protocols of the benchmark let through.

/// Whether test rows can be training rows under a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leak {
    /// Copies of a row can lie on both sides of the split, or the test rows train.
    Leaky,
    Clean,
    /// The name is not one this version knows.
    Unknown,
}

impl Leak {
    pub(crate) fn of(protocol: &str) -> Self {
        match protocol {
            "paper" | "unsup" | "adbench" => Self::Leaky,
            "semi" | "semi-random" | "one-class" | "leave-out" | "mvtec" | "mvtec-heldout" => {
                Self::Clean
            }
            _ => Self::Unknown,
        }
    }

    /// A word for a badge.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Leaky => "leaky",
            Self::Clean => "clean",
            Self::Unknown => "unknown",
        }
    }
}

/// What a protocol does, in a sentence; empty for one that is not known.
pub(crate) fn meaning(protocol: &str) -> &'static str {
    match protocol {
        "paper" => {
            "Sets below 1000 rows are resampled before they are split, so that copies of a row lie on \
             both sides: the published protocol, leak included."
        }
        "semi" => {
            "The first half of the normal rows trains, the other half and all anomalies test. No row \
             is on both sides, but for copies in the file itself."
        }
        "semi-random" => {
            "A random half of the normal rows trains, the other half and all anomalies test. No row \
             is on both sides, but for copies in the file itself."
        }
        "unsup" => "A bootstrap of all rows trains, anomalies among them, and the same rows test.",
        "adbench" => {
            "Small sets are resampled before a stratified split, so that copies of a row lie on both \
             sides; anomalies are among the training rows."
        }
        "one-class" => "Training images of one class train; the test images of all classes test.",
        "leave-out" => "Training images of all classes but one train; that one is the anomaly.",
        "mvtec" => "The good images that the set gives for training train, its test images test.",
        "mvtec-heldout" => {
            "The good images that the set gives for training train, but for every fifth, which tests \
             in place of the set's good test images, beside its defective ones."
        }
        _ => "",
    }
}
