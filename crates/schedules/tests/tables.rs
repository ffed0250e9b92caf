//! Every table of every schedule against numpy (`scripts/golden/diffusion.py`).

use std::collections::BTreeMap;

use schedules::{Schedule, ScheduleConfig, space_timesteps};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    config: ScheduleConfig,
    steps: usize,
    at: Vec<usize>,
    tables: BTreeMap<String, Vec<Option<f64>>>, // null: infinite
}

fn table<'a>(schedule: &'a Schedule, name: &str) -> &'a [f64] {
    match name {
        "betas" => schedule.betas(),
        "alphas" => schedule.alphas(),
        "alpha_bars" => schedule.alpha_bars(),
        "alpha_bars_prev" => schedule.alpha_bars_prev(),
        "sqrt_alpha_bars" => schedule.sqrt_alpha_bars(),
        "sqrt_one_minus_alpha_bars" => schedule.sqrt_one_minus_alpha_bars(),
        "sqrt_recip_alpha_bars" => schedule.sqrt_recip_alpha_bars(),
        "sqrt_recipm1_alpha_bars" => schedule.sqrt_recipm1_alpha_bars(),
        "posterior_variances" => schedule.posterior_variances(),
        "log_betas_clipped" => schedule.log_betas_clipped(),
        "posterior_log_variances_clipped" => schedule.posterior_log_variances_clipped(),
        "posterior_mean_x_0" => schedule.posterior_mean_x_0(),
        "posterior_mean_x_t" => schedule.posterior_mean_x_t(),
        "snr" => schedule.snr(),
        other => panic!("no table {other}"),
    }
}

#[test]
fn all_tables_equal_numpys() {
    let golden: Vec<Golden> = serde_json::from_str(include_str!("golden/schedules.json")).unwrap();
    assert_eq!(golden.len(), 14);
    for golden in golden {
        let schedule = golden.config.build(golden.steps).unwrap();
        assert_eq!(golden.tables.len(), 14);
        for (name, expected) in &golden.tables {
            let found = table(&schedule, name);
            assert_eq!(found.len(), schedule.steps());
            for (&t, &expected) in golden.at.iter().zip(expected) {
                let Some(expected) = expected else {
                    assert_eq!(
                        found[t],
                        f64::INFINITY,
                        "{:?}, {name} at {t}",
                        golden.config
                    );
                    continue;
                };
                assert!(
                    (found[t] - expected).abs() <= 1e-12 * expected.abs(),
                    "{:?}, {name} at {t}: {} for {expected}",
                    golden.config,
                    found[t],
                );
            }
        }
    }
}

#[derive(Deserialize)]
struct Respacing {
    steps: usize,
    keep: String,
    kept: Vec<usize>,
}

#[test]
fn respacings_keep_the_published_steps() {
    let golden: Vec<Respacing> =
        serde_json::from_str(include_str!("golden/respacings.json")).unwrap();
    assert_eq!(golden.len(), 8);
    for Respacing { steps, keep, kept } in golden {
        assert_eq!(space_timesteps(steps, &keep).unwrap(), kept, "{keep}");
    }
}
