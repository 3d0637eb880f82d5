//! `inputs.json`: every input and output, and how what is in `schema.json` becomes the numbers of an input.

use nar4rec_evaluator::FeedbackKind;
use nar4rec_features::{
    CLIP, Encoding, Feature, Missing, NumberFeature, Schema, ScoreColumn, ScoreFeature, Source, Table, Transform,
};
use serde::Serialize;

use crate::{
    INPUTS_FORMAT,
    inputs::{CANDIDATE_NUMBERS, Dim, FeatureInputs, LISTS, MASK, Signature, USER_NUMBERS},
    parts::Part,
    proto::{IR_VERSION, OPSET},
    tensor::Dtype,
};

/// The file.
#[derive(Debug, Serialize)]
pub(crate) struct Description<'a> {
    format: u32,
    nar4rec: &'static str,
    opset: i64,
    ir_version: i64,
    inputs: Vec<Input<'a>>,
    generator: Graph<'a>,
    evaluator: Graph<'a>,
    feedback: &'a [FeedbackKind],
}

/// A file with a graph and the names of what it takes.
#[derive(Debug, Serialize)]
struct Graph<'a> {
    file: &'static str,
    inputs: Vec<&'a str>,
    outputs: Vec<Output<'a>>,
}

#[derive(Debug, Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    signature: &'a Signature,
    meaning: String,
}

#[derive(Debug, Serialize)]
struct Input<'a> {
    #[serde(flatten)]
    signature: &'a Signature,
    /// The table in `schema.json`, for a category or list.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<&'a str>,
    /// What each number of a row is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<Column>,
    encoding: String,
}

/// One of the numbers of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Column {
    /// The level and the feature's name in the schema.
    name: String,
    encoding: String,
}

impl<'a> Description<'a> {
    pub(crate) fn new(
        schema: &'a Schema,
        features: &'a FeatureInputs,
        [generator, evaluator]: [(&'static str, &'a Part); 2],
        feedback: &'a [FeedbackKind],
    ) -> Self {
        let mut signatures: Vec<&Signature> = generator.1.inputs.iter().collect();
        signatures.extend(evaluator.1.inputs.iter().filter(|input| !generator.1.inputs.contains(input)));
        let masked = generator.1.inputs.iter().any(|input| input.name == MASK);
        let inputs = signatures.into_iter().map(|signature| input(schema, features, signature, masked));
        Self {
            format: INPUTS_FORMAT,
            nar4rec: env!("CARGO_PKG_VERSION"),
            opset: OPSET,
            ir_version: IR_VERSION,
            inputs: inputs.collect(),
            generator: graph(generator, masked),
            evaluator: graph(evaluator, masked),
            feedback,
        }
    }
}

fn graph<'a>((file, part): (&'static str, &'a Part), masked: bool) -> Graph<'a> {
    Graph {
        file,
        inputs: part.inputs.iter().map(|input| input.name.as_str()).collect(),
        outputs: part
            .outputs
            .iter()
            .map(|signature| Output { signature, meaning: meaning(signature, masked) })
            .collect(),
    }
}

fn meaning(output: &Signature, masked: bool) -> String {
    let absent = |text: &str, of_absent: &str| if masked { format!("{text}; {of_absent}") } else { text.to_owned() };
    match output.name.as_str() {
        "log_probabilities" => absent(
            "logarithm of the probability of each candidate at each position: its exponentials sum to 1 over the candidates",
            "of no meaning, and below -1e29, for an absent candidate",
        ),
        "candidates" => absent(
            "final states of the candidates, whose cosines contrastive decoding looks at",
            "of no meaning for an absent candidate",
        ),
        "positions" => "final states of the positions".to_owned(),
        "probabilities" => absent(
            "probability of each kind of feedback at each place, in the order of `feedback`",
            "0 at an absent place",
        ),
        _ => "sum over places and kinds of weight times probability, the weights being those of `feedback`".to_owned(),
    }
}

fn input<'a>(schema: &'a Schema, features: &FeatureInputs, signature: &'a Signature, masked: bool) -> Input<'a> {
    let (table, columns, encoding) = match signature.name.as_str() {
        CANDIDATE_NUMBERS => {
            (None, candidate_columns(schema, features), "the numbers below, a row per candidate".to_owned())
        }
        USER_NUMBERS => (None, number_columns("user", &schema.user), "the numbers below, a row per request".to_owned()),
        MASK => (None, Vec::new(), "true for a candidate, false for a row that only fills the batch up".to_owned()),
        LISTS => (None, Vec::new(), lists(masked)),
        name => {
            let feature = feature(schema, name);
            let table = feature.and_then(Feature::table);
            let encoding = table.and_then(|name| schema.tables.iter().find(|table| table.name == name));
            (table, Vec::new(), rows(feature, encoding))
        }
    };
    debug_assert_eq!(
        columns.len(),
        if signature.dtype == Dtype::Float32 { last(signature) } else { 0 },
        "a name a number"
    );
    Input { signature, table, columns, encoding }
}

fn last(signature: &Signature) -> usize {
    match signature.shape.last() {
        Some(Dim::Fixed(size)) => *size,
        _ => 0,
    }
}

fn lists(masked: bool) -> String {
    let shorter = if masked { "; a shorter list is filled up with -1" } else { "" };
    format!(
        "each list in display order: candidate c of request b is batch row b, so its number is b * candidates + c{shorter}; \
         the lists of all requests may stand in any order, and have at most as many places as the model's positions"
    )
}

/// The feature of an input's name, `LEVEL.NAME`.
fn feature<'a>(schema: &'a Schema, input: &str) -> Option<&'a Feature> {
    let (level, name) = input.split_once('.')?;
    let features = match level {
        "user" => &schema.user,
        "item" => &schema.item,
        _ => &schema.candidate,
    };
    features.iter().find(|feature| feature.name() == name)
}

/// How strings become rows of a table.
fn rows(feature: Option<&Feature>, table: Option<&Table>) -> String {
    let row = match table.map(|table| &table.encoding) {
        Some(Encoding::Dictionary { .. }) => "1 + its place among the table's values, or 0 if it is not there",
        _ => "bucket(string, buckets), see docs/features.md",
    };
    match feature {
        Some(Feature::List(list)) => {
            let most = list.max_length;
            format!("rows of the last {most} strings at most, -1 behind them: {row}; a missing list is nothing but -1")
        }
        Some(Feature::Category(category)) if category.source == Source::Id => format!("the row of the id: {row}"),
        _ => format!("the row of the string: {row}; -1 if there is none"),
    }
}

fn candidate_columns(schema: &Schema, features: &FeatureInputs) -> Vec<Column> {
    let names = features.spec.candidate_number_names.iter();
    let mut columns: Vec<Column> = schema.score.iter().flat_map(score_columns).collect();
    columns.extend(number_columns("candidate", &schema.candidate));
    columns.extend(number_columns("item", &schema.item));
    let product =
        |name: &String| Column { name: name.clone(), encoding: "the product of the two, as encoded".to_owned() };
    columns.extend(names.skip(columns.len()).map(product).collect::<Vec<_>>());
    columns
}

fn score_columns(score: &ScoreFeature) -> impl Iterator<Item = Column> + '_ {
    let ScoreFeature { mean, std, columns } = score;
    columns.iter().map(move |column| {
        let (name, encoding) = match column {
            ScoreColumn::Value => ("value", format!("(score - {mean}) / {std}, clipped to ±{CLIP}; missing: 0")),
            ScoreColumn::ZScore => (
                "z_score",
                format!("(score - mean) / deviation of this request's scores, clipped to ±{CLIP}; 0 if all are equal; missing: 0"),
            ),
            ScoreColumn::Rank => (
                "rank",
                "1 - 2 r / (k - 1): r of the k candidates with a score have a higher one; 0 if k is 1; missing: 0".to_owned(),
            ),
            ScoreColumn::Missing => ("missing", "1 if the candidate has no score, else 0".to_owned()),
        };
        Column { name: format!("score.{name}"), encoding }
    })
}

fn number_columns(level: &str, features: &[Feature]) -> Vec<Column> {
    let mut columns = Vec::new();
    for feature in features {
        let Feature::Number(number) = feature else { continue };
        let name = format!("{level}.{}", number.name);
        columns.push(Column { name: name.clone(), encoding: standardised(number) });
        if number.indicator {
            let encoding = "1 if the value is missing, else 0".to_owned();
            columns.push(Column { name: format!("{name}.missing"), encoding });
        }
    }
    columns
}

fn standardised(number: &NumberFeature) -> String {
    let NumberFeature { mean, std, .. } = number;
    let x = match number.transform {
        Transform::Identity => "x",
        Transform::Log1p => "sign(x) * ln(1 + |x|)",
    };
    let missing = match number.missing {
        Missing::Mean => "0".to_owned(),
        Missing::Zero => "as x = 0".to_owned(),
        Missing::Value(value) => format!("as x = {value}"),
    };
    format!("({x} - {mean}) / {std}, clipped to ±{CLIP}; missing: {missing}")
}
