//! Public sets in their other official forms, which are not read: so that what is there is named.

use std::borrow::Cow;
use std::path::PathBuf;

use files::shell;

use crate::{Instead, Roots, WayOut};

/// What a root may hold in place of the files that are read.
struct Form {
    family: &'static str,
    /// Relative to a root: files or folders.
    places: &'static [&'static str],
    /// What it is.
    what: &'static str,
    /// What to do; in a text `{}` is the path of what was found, `{root}` that of the root.
    way_out: WayOut,
}

const CIFAR10: WayOut = text(
    "the binary archive is read: \
    https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, unpacked into {root}",
);
const CIFAR100: WayOut = text(
    "the binary archive is read: \
    https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz, unpacked into {root}",
);
const UNPACK: WayOut = text("unpack it: tar -xf {} -C {root}");
const IDX: WayOut = WayOut::Official {
    why: "the IDX files are read, such as t10k-images-idx3-ubyte.gz",
    set: None,
};
const PYTHON: &str = "the archive for Python (pickles)";
const PACKED: &str = "an archive that is not unpacked";

static FORMS: [Form; 15] = [
    Form {
        family: "CIFAR10",
        places: &["cifar-10-binary.tar.gz", "cifar10/cifar-10-binary.tar.gz"],
        what: PACKED,
        way_out: UNPACK,
    },
    Form {
        family: "CIFAR10",
        places: &[
            "cifar-10-batches-py",
            "cifar10/cifar-10-batches-py",
            "CIFAR10/cifar-10-batches-py",
            "cifar-10-python.tar.gz",
            "cifar10/cifar-10-python.tar.gz",
            "CIFAR10/cifar-10-python.tar.gz",
            "cifar10/data_batch_1",
        ],
        what: PYTHON,
        way_out: CIFAR10,
    },
    Form {
        family: "CIFAR10",
        places: &[
            "cifar-10-batches-mat",
            "cifar10/cifar-10-batches-mat",
            "cifar-10-matlab.tar.gz",
            "cifar10/cifar-10-matlab.tar.gz",
        ],
        what: "the archive for MATLAB",
        way_out: CIFAR10,
    },
    Form {
        family: "CIFAR100",
        places: &[
            "cifar-100-binary.tar.gz",
            "cifar100/cifar-100-binary.tar.gz",
        ],
        what: PACKED,
        way_out: UNPACK,
    },
    Form {
        family: "CIFAR100",
        places: &[
            "cifar-100-python",
            "cifar100/cifar-100-python",
            "CIFAR100/cifar-100-python",
            "cifar-100-python.tar.gz",
            "cifar100/cifar-100-python.tar.gz",
            "CIFAR100/cifar-100-python.tar.gz",
        ],
        what: PYTHON,
        way_out: CIFAR100,
    },
    Form {
        family: "CIFAR100",
        places: &[
            "cifar-100-matlab",
            "cifar100/cifar-100-matlab",
            "cifar-100-matlab.tar.gz",
        ],
        what: "the archive for MATLAB",
        way_out: CIFAR100,
    },
    Form {
        family: "MNIST",
        places: &[
            "mnist.npz",
            "mnist/mnist.npz",
            "mnist.pkl.gz",
            "mnist/mnist.pkl.gz",
            "MNIST/processed",
        ],
        what: "MNIST as another program keeps it",
        way_out: IDX,
    },
    Form {
        family: "FashionMNIST",
        places: &[
            "fashion-mnist/fashion-mnist_test.csv",
            "fashion-mnist_test.csv",
            "FashionMNIST/processed",
        ],
        what: "Fashion-MNIST as another program keeps it",
        way_out: IDX,
    },
    Form {
        family: "SVHN",
        places: &[
            "svhn/test.tar.gz",
            "SVHN/test.tar.gz",
            "svhn/test/digitStruct.mat",
        ],
        what: "the full numbers (format 1)",
        way_out: text(
            "the cropped digits (format 2) are read: http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
        ),
    },
    Form {
        family: "Imagenette",
        places: &[
            "imagenette2.tgz",
            "imagenette2-320.tgz",
            "imagenette2-160.tgz",
        ],
        what: PACKED,
        way_out: UNPACK,
    },
    Form {
        family: "MVTec-AD",
        places: &[
            "mvtec_anomaly_detection.tar.xz",
            "mvtec/mvtec_anomaly_detection.tar.xz",
            "mvtec256/mvtec_anomaly_detection.tar.xz",
        ],
        what: PACKED,
        way_out: text(
            "unpack it: mkdir {root}/mvtec_anomaly_detection; tar -xf {} -C {root}/mvtec_anomaly_detection",
        ),
    },
    Form {
        family: "VisA",
        places: &["VisA_20220922.tar", "visa/VisA_20220922.tar"],
        what: PACKED,
        way_out: text(
            "unpack it, and bring it into the one-class layout: prepare_data.py of \
               https://github.com/amazon-science/spot-diff",
        ),
    },
    Form {
        family: "VisA",
        places: &["visa/split_csv", "VisA/split_csv", "split_csv"],
        what: "VisA in its original layout",
        way_out: text(
            "the one-class layout is read: prepare_data.py of https://github.com/amazon-science/spot-diff",
        ),
    },
    Form {
        family: "MNIST-C",
        places: &["mnist_c", "mnist_c.zip"],
        what: "MNIST-C as published",
        way_out: WayOut::Official {
            why: "the corruptions are made from MNIST's test images",
            set: Some("MNIST_0@pixels"),
        },
    },
    Form {
        family: "MNIST",
        places: &["mnist/t10k.csv", "mnist_test.csv", "mnist/mnist_test.csv"],
        what: "MNIST as a CSV table",
        way_out: IDX,
    },
];

const fn text(words: &'static str) -> WayOut {
    WayOut::Text(Cow::Borrowed(words))
}

/// The first form of a family that a root holds.
pub(super) fn find(family: &str, roots: &Roots) -> Option<Instead> {
    let forms = FORMS.iter().filter(|form| form.family == family);
    let mut places = forms.flat_map(|form| form.places.iter().map(move |place| (form, place)));
    places.find_map(|(form, place)| {
        let holds = |root: &&PathBuf| root.join(place).exists();
        let root = roots.folders().iter().find(holds)?;
        let path = root.join(place);
        Some(Instead {
            found: format!("{} is {}, which is not read", path.display(), form.what),
            way_out: match &form.way_out {
                WayOut::Text(words) => {
                    let words = words.replace("{root}", &shell(root));
                    WayOut::text(words.replace("{}", &shell(&path)))
                }
                other => other.clone(),
            },
        })
    })
}
