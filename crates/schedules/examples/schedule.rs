//! Prints the signal that each schedule leaves, in per cent: `cargo run -p schedules --example schedule`.
#![allow(clippy::print_stdout)] // an example prints

use schedules::{Schedule, ScheduleError};

fn main() -> Result<(), ScheduleError> {
    let steps = 1000;
    let schedules = [
        ("linear 1e-4..0.01", Schedule::linear(steps, 1e-4, 0.01)?),
        ("linear, Ho et al.", Schedule::linear_ho(steps)?),
        (
            "scaled-linear",
            Schedule::scaled_linear(steps, 0.00085, 0.012)?,
        ),
        ("cosine", Schedule::cosine(steps)?),
        ("sigmoid", Schedule::sigmoid(steps, -3.0, 3.0, 1.0)?),
        (
            "zero terminal SNR",
            Schedule::linear_ho(steps)?.zero_terminal_snr()?,
        ),
    ];
    print!("{:>18}", "step");
    let shown = [0, 9, 99, 249, 499, 749, 999];
    for t in shown {
        print!("{:>9}", t + 1);
    }
    println!();
    for (name, schedule) in &schedules {
        print!("{name:>18}");
        for t in shown {
            print!("{:>9.4}", 100.0 * schedule.alpha_bars()[t]);
        }
        println!();
    }
    Ok(())
}
