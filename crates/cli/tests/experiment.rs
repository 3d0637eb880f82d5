//! Systems beside NAR4Rec, and experiments over all of them.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::fs;

use serde_json::Value;
use tool::Bench;

const SYSTEMS: [&str; 6] = ["dnn", "dcn", "prm", "edge_rerank", "pier", "seq2slate"];

/// The configuration with every system small and trained for one epoch.
fn small(bench: &Bench) {
    let mut text = bench.read("config.toml");
    text.push_str("[training.system]\nepochs = 1\nbatch_size = 8\n");
    for (system, rest) in [
        ("dnn", "width = 8\nhidden = [8]"),
        ("dcn", "width = 8\nhidden = [8]"),
        ("prm", "width = 8\nheads = 2\nlayers = 1\nfeed_forward = 8"),
        ("edge_rerank", "width = 8\nheads = 2\nhidden = [8]"),
        ("pier", "width = 8\ntower = [4]\nattention = 4\nhidden = [8]\nbeam = 8\nkept = 4"),
        ("seq2slate", "width = 8"),
    ] {
        text.push_str(&format!("[systems.{system}]\n{rest}\n"));
    }
    bench.write("config.toml", &text);
}

#[test]
fn every_system_trains_evaluates_and_reranks() {
    let bench = Bench::new();
    small(&bench);
    for system in SYSTEMS {
        let trained = bench.run(&format!("train --config config.toml --data data --out {system} --system {system}"));
        assert_eq!(trained.status, Some(0), "{system}: {}", trained.err);
        let evaluated = bench.run(&format!("evaluate --model {system} --data data --json"));
        assert_eq!(evaluated.status, Some(0), "{system}: {}", evaluated.err);
        let found: Value = serde_json::from_str(&evaluated.out).unwrap();
        let ndcg = found["systems"][system]["lists"]["NDCG@2"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&ndcg) && found["systems"]["upstream"]["lists"]["NDCG@2"].is_f64());
        assert!(found["systems"][system].get("intra_list_distance").is_some(), "{found}");
        let predicts = !["prm", "seq2slate"].contains(&system);
        assert_eq!(found["systems"][system]["shown"]["LogLoss"].is_f64(), predicts, "{system}");
        let table = bench.run(&format!("evaluate --model {system} --data data")).out;
        assert!(table.contains("test split, 8 lists") && table.contains(system), "{table}");

        let ran = bench.run(&format!("rerank --model {system} --input data/test.jsonl --output - --length 1"));
        assert_eq!((ran.status, ran.out.lines().count()), (Some(0), 8), "{system}: {}", ran.err);
        let answer: Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
        assert_eq!((answer["request_id"].as_str(), answer["list"].as_array().unwrap().len()), (Some("test-0"), 1));
        assert!(bench.run(&format!("inspect {system}")).out.contains(system));
    }
}

#[test]
fn what_only_nar4rec_can_do_is_refused_by_name() {
    let bench = Bench::new();
    small(&bench);
    assert_eq!(bench.run("train --config config.toml --data data --out prm --system prm").status, Some(0));
    for (arguments, status, expected) in [
        ("train --config config.toml --data data --out x --system prmm", 2, "no system is named \"prmm\""),
        ("rerank --model prm --input data/test.jsonl --output - --explain", 2, "--explain: prm is a prm, expected"),
        ("evaluate --model prm --data data --report page.html", 2, "--report: prm is a prm, expected"),
        ("bench --model prm", 1, "prm: a model of prm, expected one of nar4rec"),
        ("quantize prm --data data --out narrow", 1, "prm: a model of prm, expected one of nar4rec"),
    ] {
        let ran = bench.run(arguments);
        assert!(ran.status == Some(status) && ran.err.contains(expected), "{arguments}: {:?} {}", ran.status, ran.err);
    }
    let constrained = bench.read("data/test.jsonl").replacen("{", "{\"constraints\":{\"exclude\":[\"a\"]},", 1);
    bench.write("constrained.jsonl", &constrained);
    let ran = bench.run("rerank --model prm --input constrained.jsonl --output -");
    assert!(ran.err.contains("constrained.jsonl:1") && ran.err.contains("prm keeps none"), "{}", ran.err);
}

#[test]
fn an_experiment_is_run_once_and_told() {
    let bench = Bench::new();
    small(&bench);
    let list = bench.run("experiment list");
    assert!(list.out.contains("rivals") && list.out.contains("seq2slate"), "{}", list.out);
    let command = "experiment run rivals --config config.toml --data data --out out --seeds 2 \
                   --systems upstream,dnn,prm,nar4rec,nar4rec-generator";
    let ran = bench.run(command);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for variant in ["upstream", "dnn", "prm", "nar4rec-generator", "nar4rec"] {
        assert!(ran.out.contains(&format!("| {variant} | 2 |")), "{}", ran.out);
    }
    let report: Value = serde_json::from_str(&bench.read("out/report.json")).unwrap();
    assert_eq!(report["summary"]["rows"].as_array().unwrap().len(), 5);
    assert!(bench.read("out/report.html").contains("nar4rec experiment rivals"));
    assert_eq!(bench.read("out/report.md"), ran.out);
    assert!(!bench.exists("out/models/nar4rec-generator-s1"), "one model serves both");
    let version = bench.run("--version").out;
    let origin = format!("\nMade by {} in ", version.trim_end());
    assert!(ran.out.contains(&origin) && ran.out.ends_with(&format!(": `nar4rec {command}`\n")), "{}", ran.out);

    // What is done is not done again; what is missing is.
    let kept = fs::read(bench.path("out/outcomes/dnn-s1.json")).unwrap();
    fs::remove_file(bench.path("out/outcomes/prm-s2.json")).unwrap();
    let again = bench.run(command);
    assert_eq!(again.status, Some(0), "{}", again.err);
    assert!(again.err.contains("dnn seed 1: done before") && !again.err.contains("prm seed 2: done before"));
    assert_eq!(fs::read(bench.path("out/outcomes/dnn-s1.json")).unwrap(), kept);
    assert!(!again.err.contains("parameters"), "the model of prm is still there: {}", again.err);
}

#[cfg(unix)]
#[test]
fn a_grid_that_is_killed_goes_on_and_repeats_nothing() {
    let bench = Bench::new();
    small(&bench);
    // Long enough to be killed in.
    let config = bench
        .read("config.toml")
        .replace("[training.system]\nepochs = 1", "[training.system]\nepochs = 300\npatience = 300");
    assert!(config.contains("epochs = 300"));
    bench.write("config.toml", &config);
    let command = "experiment run rivals --config config.toml --data data --out out --seeds 1 --systems dnn,dcn,prm";
    let whole = bench.run(&command.replace("--out out", "--out whole"));
    assert_eq!(whole.status, Some(0), "{}", whole.err);
    let mut child = bench.command(command);
    child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = child.spawn().unwrap();
    // The first cell is done, and the second under way as soon as one of its epochs is kept.
    while !bench.exists("out/models/dcn-s1.checkpoint") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let first = ["out/outcomes/dnn-s1.json", "out/models/dnn-s1/model.safetensors"];
    let kept = first.map(|file| fs::metadata(bench.path(file)).unwrap().modified().unwrap());
    assert!(!bench.exists("out/outcomes/dcn-s1.json"));
    let ran = bench.run(command);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("dnn seed 1: done before") && ran.err.contains("going on after step"), "{}", ran.err);
    assert_eq!(first.map(|file| fs::metadata(bench.path(file)).unwrap().modified().unwrap()), kept);
    for system in ["dnn", "dcn", "prm"] {
        let model =
            |folder: &str| fs::read(bench.path(&format!("{folder}/models/{system}-s1/model.safetensors"))).unwrap();
        assert!(model("out") == model("whole"), "{system}: another model than without the kill");
    }
}

#[test]
fn a_configuration_that_does_not_fit_is_misuse_and_named() {
    let bench = Bench::new();
    small(&bench);
    let command =
        "experiment run rivals --config config.toml --data data --out out --seeds 1 --systems upstream,dnn,pier";
    let config = bench.read("config.toml");
    for (old, new, expected) in [
        ("kept = 4", "kept = 9", "config.toml: systems.pier.kept: 9"),
        ("relevance = \"like\"", "relevance = \"lick\"", "config.toml: relevance: \"lick\" is no kind of feedback"),
    ] {
        assert!(config.contains(old), "{config}");
        bench.write("config.toml", &config.replace(old, new));
        let ran = bench.run(command);
        assert!(ran.status == Some(2) && ran.err.contains(expected), "{new}: {:?} {}", ran.status, ran.err);
        assert!(!bench.exists("out/models/dnn-s1"), "before anything is trained");
    }
    // Without a configuration everything has its default.
    let ran = bench.run("experiment run rivals --data data --out defaults --seeds 1 --systems upstream,popularity");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.out.contains("| popularity | 1 |") && ran.out.contains("\nConventions: "), "{}", ran.out);
}

#[test]
fn a_bad_line_of_the_test_split_is_told_before_anything_is_trained() {
    let bench = Bench::new();
    small(&bench);
    let lines = bench.read("data/test.jsonl");
    bench.write("data/test.jsonl", &format!("{lines}{{\"request_id\": 3}}\n"));
    let command = "experiment run rivals --config config.toml --data data --out out --seeds 1 --systems dnn";
    let ran = bench.run(command);
    let place = format!("test.jsonl:{}", lines.lines().count() + 1);
    assert!(ran.status == Some(1) && ran.err.contains(&place), "{:?} {}", ran.status, ran.err);
    assert!(!bench.exists("out/models/dnn-s1"), "before anything is trained");
    let skipped = bench.run(&format!("{command} --skip-bad"));
    assert_eq!(skipped.status, Some(0), "{}", skipped.err);
}

#[test]
fn a_folder_of_another_run_and_a_damaged_outcome_are_named() {
    let bench = Bench::new();
    small(&bench);
    let command = "experiment run rivals --config config.toml --data data --out out --seeds 1 --systems upstream";
    assert_eq!(bench.run(command).status, Some(0));
    for file in ["outcomes/upstream-s1.json", "made.json"] {
        let file = bench.path("out").join(file);
        let kept = fs::read(&file).unwrap();
        fs::write(&file, "{\"variant\":").unwrap();
        let damaged = bench.run(command);
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(
            damaged.status == Some(1) && damaged.err.contains(name) && damaged.err.contains("remove it"),
            "{}",
            damaged.err
        );
        fs::write(&file, kept).unwrap();
    }
    for (change, expected) in [
        (
            command.replace("rivals", "decoders").replace(" --systems upstream", ""),
            "out: of another run, whose experiment is \"rivals\" there, expected",
        ),
        (command.replace("config.toml", "other.toml"), "out: of another run, whose settings.config."),
        (
            format!("{command} --split valid"),
            "out: of another run, whose settings.split is \"test\" there, expected \"valid\"",
        ),
        (command.replace("--systems upstream", "--systems nobody"), "no variant is named \"nobody\""),
        (command.replace("rivals", "rival"), "no experiment is named \"rival\""),
    ] {
        bench.write("other.toml", &bench.read("config.toml").replace("width = 8", "width = 4"));
        let ran = bench.run(&change);
        assert!(ran.status == Some(2) && ran.err.contains(expected), "{change}: {:?} {}", ran.status, ran.err);
    }
    bench.write("data/test.jsonl", &bench.read("data/valid.jsonl"));
    let changed = bench.run(command);
    assert!(changed.status == Some(2) && changed.err.contains("out: of another run, whose data."), "{}", changed.err);
}

/// A second data set, whose feedback is of other kinds, and a configuration that says nothing of feedback.
fn two(bench: &Bench) {
    small(bench);
    fs::create_dir(bench.path("other")).unwrap();
    for file in ["train.jsonl", "valid.jsonl", "test.jsonl", "items.jsonl"] {
        let text = bench.read(&format!("data/{file}"));
        bench.write(&format!("other/{file}"), &text.replace("\"like\":", "\"click\":"));
    }
    let config = bench.read("config.toml");
    let silent = config.replace("relevance = \"like\"\n", "").replace("feedback = [{ name = \"like\" }]\n", "");
    assert!(!silent.contains("like"));
    bench.write("config.toml", &silent);
}

#[test]
fn a_grid_runs_on_several_data_sets_and_goes_on() {
    let bench = Bench::new();
    two(&bench);
    let command = "experiment run domains --config config.toml --data a=data --data b=other --out out --seeds 1 \
                   --systems upstream,popularity,dnn,nar4rec";
    let one = bench.run(&command.replace(" --data b=other", ""));
    assert_eq!(one.status, Some(0), "{}", one.err);
    assert!(!one.out.contains("τ-b") && !bench.exists("out/b"), "{}", one.out);
    let kept = fs::read(bench.path("out/a/outcomes/dnn-s1.json")).unwrap();

    // A data set is added; what was done on the first is not done again.
    let ran = bench.run(command);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(ran.err.matches("done before").count(), 4, "{}", ran.err);
    assert_eq!(fs::read(bench.path("out/a/outcomes/dnn-s1.json")).unwrap(), kept);
    assert_eq!(bench.read("out/report.md"), ran.out);
    assert!(
        ran.out
            .contains("a: 8 lists of the test split, relevant = like; b: 8 lists of the test split, relevant = click")
    );
    assert!(ran.out.contains("| a, b | 4 |"), "{}", ran.out);
    for folder in ["out/a", "out/b"] {
        assert!(bench.read(&format!("{folder}/report.md")).contains("| popularity | 1 |"));
    }
    // The second is the first under other names, so all is the same.
    let report: Value = serde_json::from_str(&bench.read("out/report.json")).unwrap();
    assert_eq!(report["summary"]["domains"][0]["ranks"], report["summary"]["domains"][1]["ranks"]);
    assert_eq!(report["summary"]["agreements"][0]["disagree"], 0);
    let commands = report["origin"]["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 2, "the first data set was measured by another command: {commands:?}");
    assert!(ran.out.contains(&format!("`nar4rec {command}`")), "{}", ran.out);
    assert!(bench.read("out/report.html").contains("b NDCG@2"));

    // As after a kill: one outcome is not there, its model is.
    fs::remove_file(bench.path("out/b/outcomes/dnn-s1.json")).unwrap();
    let again = bench.run(command);
    // But for the last line, which has the time it took.
    let [before, after] = [&ran.out, &again.out].map(|text| text.rsplit_once("\nMade by ").unwrap().0);
    assert!(again.status == Some(0) && after == before, "{} {}", again.out, again.err);
    assert_eq!(again.err.matches("done before").count(), 7, "{}", again.err);
    assert!(!again.err.contains("parameters"), "nothing is trained: {}", again.err);
}

#[test]
fn folders_of_several_data_sets_are_not_mixed_up() {
    let bench = Bench::new();
    two(&bench);
    let command = "experiment run rivals --config config.toml --data a=data --out out --seeds 1 --systems upstream";
    assert_eq!(bench.run(command).status, Some(0));
    for (change, expected) in [
        (command.replace("a=data", "a=other"), "out/a: of another run, whose data."),
        (command.replace("a=data", "data"), "out: of another run, whose data."),
        (command.replace("--out out", "--out out/a"), "out/a: of another run, whose data."),
        (command.replace("rivals", "domains"), "out: of another run, whose experiment is \"rivals\" there, expected"),
        (command.replace("a=data", "a=data --data a=other"), "--data a=other: the name stands twice"),
        (command.replace("a=data", "a=data --data other"), "--data other: one of several without a name"),
        (command.replace("a=data", "a.b=data"), "\"a.b\" is no name of a data set"),
        (command.replace("rivals", "speed").replace("upstream", "dnn"), "--data: speed runs on one data set"),
        (command.replace("rivals", "oracle").replace("--out out", "--out new"), "data: not a simulated log, expected"),
        (
            command.replace("rivals --", "speed --").replace("--out out", "--out new"),
            "no variant is named \"upstream\"",
        ),
    ] {
        let ran = bench.run(&change);
        assert!(ran.status == Some(2) && ran.err.contains(expected), "{change}: {:?} {}", ran.status, ran.err);
    }
    let missing = bench.run(&command.replace("a=data", "a=data --data b=nowhere").replace("--out out", "--out new"));
    assert!(missing.status == Some(1) && missing.err.contains("nowhere") && !bench.exists("new"), "{}", missing.err);
}
