//! Gaussian diffusion: schedules in f64; with the feature torch the process, losses and walks.
