//! Are these methods different? `cargo run --release -p metrics --example comparison`.
#![allow(clippy::print_stdout)]

use metrics::statistics::{Zeros, family_means, friedman, nemenyi, t_interval, wilcoxon_holm};
use ndarray::Array2;

const METHODS: [&str; 4] = ["sharp", "good", "as good", "poor"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 24 made-up data sets, the first six of them classes of one collection. A set is as hard for all
    // methods; they differ by a little, and by chance.
    let noise = |seed: u64| (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0;
    let strength = [0.05, 0.02, 0.02, 0.0];
    let values = Array2::from_shape_fn((24, 4), |(set, method)| {
        let chance = noise((4 * set + method) as u64 + 7);
        0.55 + 0.35 * noise(1000 + set as u64) + strength[method] + 0.04 * chance
    });
    let families: Vec<String> = (0..24_usize)
        .map(|set| {
            if set < 6 {
                "digits".to_owned()
            } else {
                format!("set {set}")
            }
        })
        .collect();
    let table = family_means(&families, values.view())?;
    let test = friedman(table.values.view())?;
    println!(
        "{} data sets, p of no difference {:.1e}\n",
        test.sets, test.p
    );

    let diagram = nemenyi(table.values.view(), 0.05)?;
    for (name, rank) in METHODS.iter().zip(&diagram.ranks) {
        println!("{name:10} mean rank {rank:.2}");
    }
    let names = |clique: &Vec<usize>| -> String {
        let names: Vec<&str> = clique.iter().map(|&method| METHODS[method]).collect();
        names.join(", ")
    };
    println!(
        "\nNemenyi, critical difference {:.2}:",
        diagram.critical_difference
    );
    diagram
        .cliques
        .iter()
        .for_each(|clique| println!("  {}", names(clique)));
    let pairwise = wilcoxon_holm(table.values.view(), Zeros::Split, 0.05)?;
    println!("Wilcoxon and Holm:");
    pairwise
        .cliques
        .iter()
        .for_each(|clique| println!("  {}", names(clique)));
    for pair in &pairwise.pairs {
        let (first, second) = (METHODS[pair.first], METHODS[pair.second]);
        println!(
            "  {first} and {second}: p = {:.1e}, adjusted {:.1e}",
            pair.p, pair.adjusted
        );
    }

    let seeds = [0.912, 0.905, 0.921, 0.908, 0.917];
    let interval = t_interval(&seeds, 0.95)?;
    println!(
        "\nfive seeds: {:.3}, 95 % interval {:.3} to {:.3}",
        interval.estimate, interval.low, interval.high
    );
    Ok(())
}
