//! The training loop of the diffusion models, and the diffusion detector.
