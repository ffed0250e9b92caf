use tch::{Device, Tensor};

/// Fixed positions of the tokens `0..n` in a row.
///
/// # Formula
/// `[sin(i·ω_0), …, sin(i·ω_{h−1}), cos(i·ω_0), …]`, `ω_k = 10000^(−k/h)`, `h = width/2`.
///
/// # Shapes
/// → `[1, n, width]`; `width` is a multiple of 2.
pub(crate) fn line(n: usize, width: usize, device: Device) -> Tensor {
    let table: Vec<f32> = (0..n).flat_map(|i| sin_cos(i, width)).collect();
    tensor(&table, n, width, device)
}

/// Fixed positions of the tokens of a grid, the first half of the width for the **column**, the
/// second for the row, each as in [`line`]. Tokens are numbered row by row.
///
/// # Shapes
/// → `[1, rows·columns, width]`; `width` is a multiple of 4.
pub(crate) fn grid(rows: usize, columns: usize, width: usize, device: Device) -> Tensor {
    let table: Vec<f32> = (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .flat_map(|(row, column)| sin_cos(column, width / 2).chain(sin_cos(row, width / 2)))
        .collect();
    tensor(&table, rows * columns, width, device)
}

/// One position in `width` numbers, computed in f64.
fn sin_cos(i: usize, width: usize) -> impl Iterator<Item = f32> {
    let half = width / 2;
    let phase = move |k: usize| i as f64 * 10_000f64.powf(-(k as f64) / half as f64);
    let sines = (0..half).map(move |k| phase(k).sin() as f32);
    sines.chain((0..half).map(move |k| phase(k).cos() as f32))
}

fn tensor(table: &[f32], n: usize, width: usize, device: Device) -> Tensor {
    Tensor::from_slice(table)
        .view([1, n as i64, width as i64])
        .to_device(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_comes_first() {
        let found = grid(2, 3, 8, Device::Cpu);
        assert_eq!(found.size(), [1, 6, 8]);
        let token = found.get(0).get(5); // row 1, column 2
        let expected: [f64; 8] = [
            2f64.sin(),
            0.02f64.sin(), // ω_1 = 10000^(−1/2)
            2f64.cos(),
            0.02f64.cos(),
            1f64.sin(),
            0.01f64.sin(),
            1f64.cos(),
            0.01f64.cos(),
        ];
        for (i, expected) in expected.iter().enumerate() {
            assert!((token.double_value(&[i as i64]) - expected).abs() < 1e-7);
        }
    }

    #[test]
    fn a_row_of_tokens() {
        let found = line(4, 4, Device::Cpu);
        for (k, expected) in [3f64.sin(), 0.03f64.sin(), 3f64.cos(), 0.03f64.cos()]
            .into_iter()
            .enumerate()
        {
            assert!((found.double_value(&[0, 3, k as i64]) - expected).abs() < 1e-7);
        }
    }
}
