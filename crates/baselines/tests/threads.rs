//! The same bits on any number of threads.

use baselines::{
    Ecod, EcodConfig, FeatureBagging, FeatureBaggingConfig, Hbos, HbosConfig, Knn, KnnConfig, Lof,
    LofConfig, Mcd, Pca, PcaConfig,
};
use detector::{Detector, Input, Silent};
use ndarray::Array2;

fn scrambled(n: usize, d: usize, mut state: u32) -> Array2<f32> {
    Array2::from_shape_simple_fn((n, d), || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    })
}

#[test]
fn scores_do_not_depend_on_the_threads() {
    let (train, test) = (scrambled(700, 20, 5), scrambled(600, 20, 9));
    let methods: [Box<dyn Detector>; 7] = [
        Box::new(Ecod::new(EcodConfig::default())),
        Box::new(FeatureBagging::new(FeatureBaggingConfig::default()).unwrap()),
        Box::new(Hbos::new(HbosConfig::default()).unwrap()),
        Box::new(Knn::new(KnnConfig::default()).unwrap()),
        Box::new(Lof::new(LofConfig::default()).unwrap()),
        Box::new(Mcd),
        Box::new(Pca::new(PcaConfig::default()).unwrap()),
    ];
    for method in methods {
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let scorer = method.fit(Input::Rows(train.view()), 4, &Silent).unwrap();
                scorer.score(Input::Rows(test.view()), &Silent).unwrap()
            })
        });
        assert_eq!(one, three);
    }
}
