//! The rows that everything else rests on.

use crate::device::testing::test;
use std::collections::HashSet;

use super::*;
use crate::spec::{AddedPoint, Shape, Transfer};

fn task(name: TaskName) -> Task {
    Task { name, ..Task::default() }
}

/// With what every program carries.
fn load(task: &Task, files: Option<&IdxFiles>) -> Result<Dataset, DataError> {
    super::load(task, files, &Shipped::default())
}

fn counts(labels: &[u8], classes: usize) -> Vec<usize> {
    (0..classes).map(|class| labels.iter().filter(|label| usize::from(**label) == class).count()).collect()
}

#[test]
fn digits_are_the_rows_of_scikit_learn() {
    let digits = load(&task(TaskName::Digits), None).unwrap();
    assert_eq!(digits.train.len() + digits.test.len(), 1797);
    let all = [digits.train.labels.clone(), digits.test.labels.clone()].concat();
    assert_eq!(counts(&all, 10), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], "sklearn.datasets.load_digits().target");
    let sum: f64 = digits.train.inputs.iter().chain(&digits.test.inputs).map(|v| f64::from(*v) * 16.0).sum();
    assert_eq!(sum, 561_718.0, "sklearn.datasets.load_digits().data.sum()");
}

#[test]
fn fashion_is_a_balanced_subset() {
    let fashion = super::load(&task(TaskName::Fashion), None, &Shipped::all()).unwrap();
    assert_eq!(counts(&fashion.train.labels, 10), [300; 10]);
    assert_eq!(counts(&fashion.test.labels, 10), [100; 10]);
    assert_eq!(fashion.input, [1, 14, 14]);
    assert!(fashion.train.inputs.iter().all(|v| (0.0..=1.0).contains(v)));
}

#[test]
fn fashion_without_its_file_asks_for_it_and_a_cut_file_is_refused() {
    assert_eq!(load(&task(TaskName::Fashion), None), Err(DataError::NotBrought(Part::FashionImages)));
    let mut shipped = Shipped::default();
    shipped.bring(Part::FashionImages, vec![0; 393_999]);
    let error = super::load(&task(TaskName::Fashion), None, &shipped).unwrap_err().to_string();
    assert!(error.contains("393999 bytes") && error.contains("394000"), "{error}");
}

#[test]
fn the_split_keeps_every_class_and_shares_no_row() {
    let a = load(&task(TaskName::Digits), None).unwrap();
    let expected: Vec<usize> =
        [178, 182, 177, 183, 181, 182, 181, 179, 174, 180].iter().map(|n| (f64::from(*n) * 0.3).round() as usize).collect();
    assert_eq!(counts(&a.test.labels, 10), expected);
    let b = load(&Task { split_seed: 1, ..task(TaskName::Digits) }, None).unwrap();
    assert_ne!(a.test, b.test, "another split seed tests on other rows");
    assert_eq!(a, load(&task(TaskName::Digits), None).unwrap(), "the same task gives the same rows");
}

#[test]
fn points_of_the_plane_lie_in_the_square() {
    for shape in [Shape::Spirals, Shape::Rings, Shape::Blobs] {
        for classes in [6, 10] {
            let plane = load(&Task { shape, classes, noise: 0.5, points: 500, ..task(TaskName::Plane) }, None).unwrap();
            assert_eq!(plane.train.len() + plane.test.len(), 500);
            assert!(plane.train.inputs.iter().all(|v| v.abs() <= 1.0), "{shape:?} with {classes} classes");
            assert_eq!(plane.classes.len(), classes);
        }
    }
}

#[test]
fn fewer_labels_are_among_more() {
    let digits = load(&task(TaskName::Digits), None).unwrap();
    let view = |labels_per_class| student_view(&digits, &Task { labels_per_class, ..task(TaskName::Digits) }, 3).unwrap();
    let (few, more, all) = (view(5), view(20), view(0));
    assert_eq!((few.rows.len(), more.rows.len(), all.rows.len()), (50, 200, digits.train.len()));
    let more: HashSet<_> = more.rows.into_iter().collect();
    assert!(few.rows.iter().all(|row| more.contains(row)));
}

#[test]
fn an_omitted_class_leaves_no_trace() {
    let digits = load(&task(TaskName::Digits), None).unwrap();
    for transfer in [Transfer::Labelled, Transfer::All] {
        let omitting = Task { omit_class: 3, labels_per_class: 10, label_noise: 0.5, transfer, ..task(TaskName::Digits) };
        let view = student_view(&digits, &omitting, 0).unwrap();
        assert!(view.rows.iter().all(|row| digits.train.labels[*row] != 3), "no row of the class ({transfer:?})");
        assert!(view.labels.iter().all(|label| *label != Some(3)), "no noisy label of the class ({transfer:?})");
    }
}

#[test]
fn label_noise_is_exact_and_never_the_truth() {
    let digits = load(&task(TaskName::Digits), None).unwrap();
    let view = student_view(&digits, &Task { label_noise: 0.4, labels_per_class: 20, ..task(TaskName::Digits) }, 1).unwrap();
    let wrong = view.rows.iter().zip(&view.labels).filter(|(row, label)| **label != Some(digits.train.labels[**row])).count();
    assert_eq!(wrong, 80);
}

#[test]
fn an_epoch_shows_every_row_once_in_batches_of_one_size() {
    let batches = Batches::new(0, "students", 100, 10).unwrap();
    let epoch: Vec<i32> = (0..10).flat_map(|step| batches.at(step)).collect();
    assert_eq!(epoch.iter().collect::<HashSet<_>>().len(), 100);
    assert_ne!(epoch, (10..20).flat_map(|step| batches.at(step)).collect::<Vec<_>>(), "the next epoch has another order");
    assert_eq!(batches.at(3), Batches::new(0, "students", 100, 10).unwrap().at(3), "a step is the same whatever was asked before");
    assert_ne!(batches.at(3), Batches::new(0, "teacher 0", 100, 10).unwrap().at(3), "purposes shuffle independently");
    assert_eq!(Batches::new(0, "few", 7, 64).unwrap().at(0).len(), 64, "fewer rows than a batch are repeated");
    assert!(Batches::new(0, "none", 0, 8).is_err() && Batches::new(0, "zero", 8, 0).is_err());
}

/// Padding is what the longest of a batch makes of the others: rows of a batch are of like length, and yet all are seen, in another order every epoch.
#[test]
fn grouped_batches_hold_rows_of_like_length_and_every_row_once() {
    let lengths: Vec<usize> = (0..640).map(|row| 1 + row * 37 % 64).collect();
    let padded = |batches: &Batches| -> usize {
        let batch = |step: usize| {
            let longest = batches.at(step).iter().map(|row| lengths[*row as usize]).max().expect("rows");
            longest * 8
        };
        (0..batches.steps_per_epoch()).map(batch).sum()
    };
    let grouped = Batches::grouped(0, "students", lengths.clone(), 8).unwrap();
    let plain = Batches::new(0, "students", 640, 8).unwrap();
    let real: usize = lengths.iter().sum();
    assert!(padded(&grouped) < real * 11 / 10, "{} tokens are read for {real}", padded(&grouped));
    assert!(padded(&plain) > real * 3 / 2, "{} tokens without grouping", padded(&plain));
    let mut seen: Vec<i32> = (0..80).flat_map(|step| grouped.at(step)).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..640).collect::<Vec<_>>());
    assert_ne!(grouped.at(0), grouped.at(80), "another epoch, another order");
}

/// IDX files of `rows` images of 2×2 pixels.
fn idx(rows: u32) -> IdxFiles {
    let header = |magic: u32, sizes: &[u32]| [&[magic], sizes].concat().iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let images = [header(2051, &[rows, 2, 2]), vec![128; rows as usize * 4]].concat();
    let labels = [header(2049, &[rows]), (0..rows).map(|row| (row % 10) as u8).collect()].concat();
    let file = |name: &str, bytes: &Vec<u8>| IdxFile { name: name.into(), bytes: bytes.clone() };
    IdxFiles {
        train_images: file("train-images", &images),
        train_labels: file("train-labels", &labels),
        test_images: file("t10k-images", &images),
        test_labels: file("t10k-labels", &labels),
    }
}

#[test]
fn idx_files_are_read_or_refused_by_name() {
    let fashion = task(TaskName::Fashion);
    let read = load(&fashion, Some(&idx(20))).unwrap();
    assert_eq!((read.train.len(), read.input.clone(), read.classes[3].as_str()), (20, vec![1, 2, 2], "3"));
    let refused = |change: &dyn Fn(&mut IdxFiles)| {
        let mut files = idx(20);
        change(&mut files);
        load(&fashion, Some(&files)).unwrap_err().to_string()
    };
    assert!(refused(&|f| f.train_images.bytes.truncate(50)).starts_with("train-images: found 34 bytes after the header"));
    assert!(refused(&|f| f.test_labels.bytes.truncate(3)).contains("an IDX file, whose header alone takes 8"));
    assert!(refused(&|f| std::mem::swap(&mut f.train_images, &mut f.train_labels)).contains("magic number 2049 (IDX labels of bytes)"));
    assert!(refused(&|f| f.train_images.bytes[..2].copy_from_slice(&[0x1f, 0x8b])).contains("gzip"));
    assert!(refused(&|f| f.test_labels.bytes[8] = 10).starts_with("t10k-labels: found label 10 in row 0"));
    assert!(refused(&|f| f.train_images = idx(0).train_images).contains("0 images"));
    assert!(matches!(load(&task(TaskName::Digits), Some(&idx(20))), Err(DataError::UnusedFiles)));
}

#[test]
fn rows_that_cannot_be_learned_from_are_named() {
    let digits = load(&task(TaskName::Digits), None).unwrap();
    let refused = |change: &dyn Fn(&mut Dataset)| {
        let mut broken = digits.clone();
        change(&mut broken);
        broken.check().unwrap_err().to_string()
    };
    assert!(refused(&|d| d.train.inputs[70] = f32::NAN).contains("value 6 of row 1 is NaN"));
    assert!(refused(&|d| d.test.labels[5] = 10).contains("the label of row 5 is 10; it must be a class from 0 to 9"));
    assert!(refused(&|d| d.test.inputs.truncate(64)).contains("64 values per label"));
}

#[test]
fn a_task_built_in_code_is_checked_too() {
    let endless = Task { noise: f64::NAN, ..task(TaskName::Plane) };
    assert!(load(&endless, None).unwrap_err().to_string().contains("task.noise"));
    let digits = load(&task(TaskName::Digits), None).unwrap();
    let lonely = Task { omit_class: 12, ..task(TaskName::Digits) };
    assert!(student_view(&digits, &lonely, 0).unwrap_err().to_string().contains("task.omit_class"));
}

#[test]
fn added_points_are_labelled_training_rows_that_change_no_other() {
    let few = Task { labels_per_class: 3, ..task(TaskName::Plane) };
    let more = Task { added: vec![AddedPoint(0.5, -0.25, 3), AddedPoint(-1.0, 1.0, 0)], ..few.clone() };
    let (base, with) = (load(&few, None).unwrap(), load(&more, None).unwrap());
    assert_eq!(with.test, base.test);
    let rows = base.train.len();
    assert_eq!(with.train.inputs[..rows * 2], base.train.inputs[..]);
    assert_eq!((&with.train.inputs[rows * 2..], &with.train.labels[rows..]), (&[0.5, -0.25, -1.0, 1.0][..], &[3, 0][..]));
    let (before, after) = (student_view(&base, &few, 7).unwrap(), student_view(&with, &more, 7).unwrap());
    assert_eq!(after.rows[..before.rows.len()], before.rows[..], "the same rows are labelled as without them");
    assert_eq!(after.labels[before.labels.len()..], [Some(3), Some(0)]);
    let error = load(&Task { added: vec![AddedPoint(0.0, 1.5, 0)], ..few }, None).unwrap_err();
    assert!(error.to_string().contains("task.added"), "{error}");
}
