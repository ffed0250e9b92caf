//! Draws of NumPy's `RandomState`, stored by `scripts/golden/numpy_random.py`.

use numpy_random::RandomState;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/draws.json")).unwrap()
}

fn integers(value: &Value) -> Vec<i64> {
    let items = value.as_array().unwrap();
    items.iter().map(|v| v.as_i64().unwrap()).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    let items = value.as_array().unwrap();
    items.iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

#[test]
fn one_stream_of_mixed_draws_is_numpys() {
    let golden = golden();
    let streams = golden["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 4);
    for stream in streams {
        let seed = u32::try_from(stream["seed"].as_u64().unwrap()).unwrap();
        let mut state = RandomState::new(seed);
        for expected in integers(&stream["random_sample_times_2_53"]) {
            // The same 53 bits, so equal and not merely close.
            assert_eq!(state.random_sample() * 2f64.powi(53), expected as f64);
        }
        for draw in stream["randint"].as_array().unwrap() {
            let (low, high) = (
                draw["low"].as_i64().unwrap(),
                draw["high"].as_i64().unwrap(),
            );
            for expected in integers(&draw["values"]) {
                assert_eq!(state.randint(low, high), Ok(expected), "{low}..{high}");
            }
        }
        assert_eq!(
            state.choice_with_replacement(61, 20).unwrap(),
            indices(&stream["choice_with_replacement_61_20"])
        );
        assert_eq!(
            state.choice_without_replacement(61, 20).unwrap(),
            indices(&stream["choice_without_replacement_61_20"])
        );
        assert_eq!(state.permutation(33), indices(&stream["permutation_33"]));
        // Past the 624 words of one state, so that the recurrence turns over several times.
        for _ in 0..2000 {
            state.next_u32();
        }
        assert_eq!(
            i64::from(state.next_u32()),
            stream["word_after_2000_more"].as_i64().unwrap()
        );
    }
}
