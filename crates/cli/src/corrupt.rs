use std::path::Path;

use datasets::{
    Colour, Corruption, Data, DatasetError, Loading, OnBadFile, Protocol, Roots, corrupt,
};
use detector::Progress;
use ndarray::{Array4, Axis};
use pictures::{ContactSheet, Picture};

use crate::args;
use crate::failure::{Failure, exit};
use crate::output::print;
use crate::place::apart;
use crate::progress::Bar;

/// Images on the contact sheet, in a row.
const ON_SHEET: usize = 12;

/// `residuum corrupt`: spoilt images as PNG files, and a contact sheet to look at.
pub(crate) fn run(args: &args::Corrupt, roots: &Roots) -> Result<(), Failure> {
    let kinds: Vec<Corruption> = match args.kind.as_str() {
        "all" => Corruption::all().to_vec(),
        kind => vec![kind.parse()?],
    };
    let images = images(&args.set, args.limit, roots)?;
    let shown = images.dim().0.min(ON_SHEET);
    let streams: Vec<usize> = (0..images.dim().0).collect();
    let bar = Bar::new();
    let total = (kinds.len() * streams.len()) as u64;
    let mut done = 0;
    let mut sheet = ContactSheet::new((0..shown).map(|i| i.to_string())).zoom(2);
    if kinds.len() == 1 {
        sheet.push_row("as it was", row(&images, shown)?)?;
    }
    for &kind in &kinds {
        let spoilt = corrupt(&images, kind, args.seed, &streams)?;
        sheet.push_row(kind.as_str(), row(&spoilt, shown)?)?;
        for (i, image) in spoilt.outer_iter().enumerate() {
            let file = args.out.join(kind.as_str()).join(format!("{i:05}.png"));
            apart(&[("--out", &file)], &[("the images", Path::new(&args.set))])?;
            Picture::from_image(image)?.save(&file)?;
            done += 1;
            bar.update(kind.as_str(), done, total, "");
        }
    }
    bar.finish();
    let path = args.out.join("sheet.png");
    sheet.picture()?.save(&path)?;
    print(&format!("{total} images in {}", args.out.display()));
    print(&path.display().to_string());
    Ok(())
}

fn row(images: &Array4<u8>, shown: usize) -> Result<Vec<Picture>, Failure> {
    let first = images.outer_iter().take(shown);
    Ok(first
        .map(Picture::from_image)
        .collect::<Result<Vec<_>, _>>()?)
}

/// An error of a file among others, which can be left out by a list.
fn without(error: DatasetError) -> Failure {
    match error {
        DatasetError::Malformed { .. } => {
            Failure::from(error).hint("take it away, or name a list of the others, LIST.txt")
        }
        error => error.into(),
    }
}

/// The first images of a set of the catalogue, or of a folder or a file in grey and 28 × 28.
fn images(set: &str, limit: Option<usize>, roots: &Roots) -> Result<Array4<u8>, Failure> {
    let mut loading = Loading::of(Protocol::Semi);
    loading.images.colour = Colour::Grey;
    let images = if Path::new(set).exists() {
        let (mut paths, passed_over) = datasets::list_images_counted(set, OnBadFile::Fail)?;
        if let Some(warning) = passed_over.warning() {
            tracing::warn!("{warning}");
        }
        paths.truncate(limit.unwrap_or(paths.len()));
        loading.images.size = Some(28);
        let images = datasets::read_images(&paths, &loading.images);
        images.map_err(without)?.pixels
    } else {
        match datasets::load(set, roots, &loading)?.data() {
            Data::Images(images) => images.clone(),
            Data::Rows(_) | Data::Rows64(_) => {
                let message = format!("{set} holds rows, and only images can be corrupted");
                return Err(Failure::new(exit::USAGE, message)
                    .hint("residuum corrupt MNIST-C_identity@pixels --kind fog -o DIR"));
            }
        }
    };
    let n = limit.unwrap_or(images.dim().0).min(images.dim().0);
    Ok(images.select(Axis(0), &(0..n).collect::<Vec<_>>()))
}
