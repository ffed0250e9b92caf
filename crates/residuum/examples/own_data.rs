//! A detector for data of one's own: fitted, stored, read again, used.
//!
//! `cargo run -p residuum --release --example own_data`

#![allow(clippy::print_stdout)] // an example shows its result

use detector::Silent;
use residuum::data::{Column, Columns, Data, Values};
use residuum::{FitOptions, Model, Runtime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Depth is twice the width, but for a little noise.
    let width: Vec<f64> = (0..1000).map(|i| f64::from(i % 89) / 10.0).collect();
    let depth = width.iter().enumerate();
    let depth = depth.map(|(i, width)| 2.0 * width + (i % 7) as f64 / 50.0);
    let parts = Columns::new(vec![
        Column::new("depth", Values::Float64(depth.collect())),
        Column::new("width", Values::Float64(width)),
    ])?;
    let fitted = Model::fit(
        Data::Columns(&parts),
        &FitOptions::new(residuum::methods()),
        &Silent,
    )?;
    let path = std::env::temp_dir().join("parts.residuum");
    fitted.model.save(&path)?;

    let model = Model::load(&path, residuum::methods(), &Runtime::cpu())?;
    let new = parts
        .select(&[7])
        .into_columns()
        .into_iter()
        .map(|mut column| {
            if column.name == "depth" {
                column.values = Values::Float64(vec![3.0]);
            }
            column
        });
    let new = Columns::new(new.collect())?;
    let row = model.score(Data::Columns(&new), &Silent)?[0].ok_or("no score")?;
    let why = model.explain(Data::Columns(&new), &Silent)?;
    println!("{row:?}\n{:?}", why.rows[0]);
    Ok(())
}
