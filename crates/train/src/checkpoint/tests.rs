//! Checkpoints come back exactly or not at all.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// The kinds of values that the state of a run is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct State {
    epoch: u32,
    steps: u64,
    rng: [u64; 2],
    name: String,
    best: Option<f32>,
    parameters: Vec<Vec<f32>>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Stage {
    Waiting,
    Running { history: Vec<f64> },
}

fn state() -> State {
    State {
        epoch: 2,
        steps: 500,
        rng: [1, u64::MAX],
        name: "ab".into(),
        best: Some(0.5),
        parameters: vec![vec![1.0, -2.0], vec![]],
        stage: Stage::Running { history: vec![0.25] },
    }
}

/// The file that holds `state()`.
const GOLDEN: &str = "
    4e3452434b505400 01000000 5f00000000000000
    757d8a39f828025d c8052b42e7546ffa e76adb8f3cbc3138 77c744bbf91a9f7e
    02000000 f401000000000000
    0100000000000000 ffffffffffffffff
    0200000000000000 6162
    01 0000003f
    0200000000000000 0200000000000000 0000803f 000000c0 0000000000000000
    01000000 0100000000000000 000000000000d03f";

fn golden() -> Vec<u8> {
    let digits: Vec<u32> = GOLDEN.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// What loading says about a file with these bytes.
fn read(bytes: &[u8]) -> Result<State, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    fs::write(&path, bytes).unwrap();
    let place = format!("{}: ", path.display());
    load(&path).map_err(|error| error.to_string().strip_prefix(&place).unwrap().to_owned())
}

/// The message about the golden file after a change.
fn message(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = golden();
    change(&mut bytes);
    read(&bytes).unwrap_err()
}

/// A file whose header is right for this payload.
fn sealed(payload: &[u8]) -> Vec<u8> {
    let (mut bytes, length) = (golden(), payload.len() as u64);
    bytes.truncate(HEADER);
    bytes[12..20].copy_from_slice(&length.to_le_bytes());
    bytes[20..].copy_from_slice(&hmac_sha256::Hash::hash(payload));
    [&bytes, payload].concat()
}

#[test]
fn a_checkpoint_has_the_golden_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    for _ in 0..2 {
        save(&path, &state()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), golden());
    }
    assert_eq!(load::<State>(&path).unwrap(), state());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn each_kind_of_damage_is_named() {
    let total = golden().len();
    assert_eq!(read(b"").unwrap_err(), "is no training checkpoint of nar4rec");
    assert_eq!(message(|bytes| bytes[0] = b'M'), "is no training checkpoint of nar4rec");
    assert_eq!(message(|bytes| bytes.truncate(30)), "30 bytes, expected 52: truncated or damaged");
    let expected = format!("60 bytes, expected {total}: truncated or damaged");
    assert_eq!(message(|bytes| bytes.truncate(60)), expected);
    assert_eq!(message(|bytes| bytes.push(0)), format!("{} bytes, expected {total}: truncated or damaged", total + 1));
    let expected = format!("{total} bytes, expected {}: truncated or damaged", u64::MAX);
    assert_eq!(message(|bytes| bytes[12..20].fill(0xff)), expected);
    let hash = "its SHA-256 is not the one in its header: damaged";
    assert_eq!(message(|bytes| bytes[20] ^= 1), hash);
    assert_eq!(message(|bytes| bytes[total - 1] ^= 0x80), hash);
    for version in [0, 2, u8::MAX] {
        let expected =
            format!("checkpoint format {version}, expected 1: resume with the version of nar4rec that wrote it");
        assert_eq!(message(|bytes| bytes[8] = version), expected);
    }
}

#[test]
fn what_is_no_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("gone/c");
    let beginning = |verb| format!("{}: cannot {verb}: ", missing.display());
    assert!(load::<State>(&missing).unwrap_err().to_string().starts_with(&beginning("read")));
    assert!(save(&missing, &state()).unwrap_err().to_string().starts_with(&beginning("write")));
    let folder = load::<State>(dir.path()).unwrap_err().to_string();
    assert_eq!(folder, format!("{}: is no training checkpoint of nar4rec", dir.path().display()));
    let large = dir.path().join("large");
    File::create(&large).unwrap().set_len(1 << 40).unwrap();
    let expected = format!("{}: {} bytes, expected a checkpoint of at most 4294967347", large.display(), 1_u64 << 40);
    assert_eq!(load::<State>(&large).unwrap_err().to_string(), expected);
}

#[test]
fn a_state_that_cannot_be_written_leaves_the_old_file() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the loss is lost"))
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    save(&path, &state()).unwrap();
    let message = save(&path, &Broken).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{}: cannot write: ", path.display())), "{message}");
    assert!(message.contains("the loss is lost"), "{message}");
    assert_eq!(load::<State>(&path).unwrap(), state());
}

#[test]
fn another_payload_with_the_right_hash_is_refused() {
    let payload = golden().split_off(HEADER);
    assert_eq!(read(&sealed(&payload)), Ok(state()));
    let beginning = "holds no state of a run that this program knows: ";
    assert_eq!(read(&sealed(&[&payload[..], &[0; 3]].concat())), Err(format!("{beginning}3 bytes are left over")));
    assert!(read(&sealed(&payload[..payload.len() - 1])).unwrap_err().starts_with(beginning));
    // The length of the name, at 28 in the payload, claims more than there is.
    for claim in [u64::MAX, 1 << 40, 1 << 20] {
        let mut absurd = payload.clone();
        absurd[28..36].copy_from_slice(&claim.to_le_bytes());
        assert!(read(&sealed(&absurd)).unwrap_err().starts_with(beginning), "{claim}");
    }
}

#[test]
fn payloads_around_the_limits_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    // A vector of f32 is its length in eight bytes and four bytes a number.
    for numbers in [0, (1 << 14) - 3, (1 << 14) - 2, (1 << 14) - 1, (1 << 22) - 2, (1 << 22) - 1] {
        let value: Vec<f32> = (0..numbers).map(|number| number as f32).collect();
        save(&path, &value).unwrap();
        assert!(load::<Vec<f32>>(&path).unwrap() == value, "{numbers}");
    }
}

fn any_state() -> impl Strategy<Value = State> {
    let numbers = prop::collection::vec(any::<f32>().prop_filter("NaN equals nothing", |x| !x.is_nan()), 0..9);
    let stage = prop_oneof![
        Just(Stage::Waiting),
        prop::collection::vec(-1e300..1e300, 0..4).prop_map(|history| Stage::Running { history }),
    ];
    let rest = (prop::option::of(-1e30_f32..1e30), prop::collection::vec(numbers, 0..4), stage);
    (any::<(u32, u64, [u64; 2])>(), any::<String>(), rest).prop_map(
        |((epoch, steps, rng), name, (best, parameters, stage))| State {
            epoch,
            steps,
            rng,
            name,
            best,
            parameters,
            stage,
        },
    )
}

proptest! {
    #[test]
    fn any_state_comes_back_exactly(state in any_state()) {
        prop_assert_eq!(read(&encode(&state).unwrap()), Ok(state));
    }

    #[test]
    fn any_flip_and_any_cut_is_refused(state in any_state(), at: prop::sample::Index, bit in 0..8_u8) {
        let sound = encode(&state).unwrap();
        let at = at.index(sound.len());
        prop_assert!(read(&sound[..at]).is_err());
        let mut flipped = sound;
        flipped[at] ^= 1_u8 << bit;
        prop_assert!(read(&flipped).is_err());
    }

    /// With the right hash the content may make sense or not; it must never panic or take absurd memory.
    #[test]
    fn a_hostile_payload_does_not_panic(state in any_state(), at: prop::sample::Index, new: [u8; 8]) {
        let mut payload = encode(&state).unwrap().split_off(HEADER);
        let at = at.index(payload.len());
        payload.splice(at..(at + 8).min(payload.len()), new);
        let _ = read(&sealed(&payload));
    }
}
