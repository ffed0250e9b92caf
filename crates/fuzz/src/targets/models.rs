//! Models of one's own data, as `residuum fit` stores them.

use columns::{Column, Columns, Kind, Values};
use detector::Silent;
use ndarray::Array2;
use residuum::data::{Data, Layout};
use residuum::{ModelError, Runtime, Stored};

use super::files::nothing;
use crate::formats::safetensors;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

/// Read, restored, and asked about one row.
pub(super) const MODEL: Target = Target {
    name: "model",
    weight: 120,
    prepare: nothing,
    make: |random: &mut Random, seeds: &Seeds| {
        let seed = seeds.pick(random);
        safetensors::change(random, seed)
    },
    read: |_, input| Outcome::of(read(input), |()| input.len()),
};

fn read(input: &[u8]) -> Result<(), ModelError> {
    let model = Stored::from_bytes(input)?.restore(::networks::methods(), &Runtime::cpu())?;
    match &model.manifest().layout {
        Layout::Table(layout) => {
            let columns = layout.columns.iter();
            let columns = columns.map(|column| Column::new(&column.name, one(column.kind)));
            // Two columns of one name are not a table.
            if let Ok(columns) = Columns::new(columns.collect()) {
                model.score(Data::Columns(&columns), &Silent)?;
            }
        }
        Layout::Array { columns, .. } if *columns < 1000 => {
            model.score(Data::Rows(Array2::ones((1, *columns)).view()), &Silent)?;
        }
        Layout::Array { .. } | Layout::Images { .. } => {}
    }
    Ok(())
}

/// A value of this kind.
fn one(kind: Kind) -> Values {
    match kind {
        Kind::Float32 => Values::Float32(vec![1.0]),
        Kind::Float64 => Values::Float64(vec![1.0]),
        Kind::Integer => Values::Integer(vec![1]),
        Kind::Boolean => Values::Boolean(vec![true]),
        Kind::Text => Values::Text(vec!["a".to_owned()]),
        Kind::Time => Values::Time(vec![1]),
    }
}
