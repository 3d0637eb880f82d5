//! The curves of sweeps.

use nar4rec_report::{Measure, Plot, Scale, Spacing};

use crate::{
    Summary, Value, Variant,
    summary::{LIST_MILLISECONDS, form},
    variants::{LISTS_PROPOSED, ROUNDS},
};

/// One plot for what each sweep goes over: of the figure that variants are ranked by, and of the time that a list takes where
/// it is lists that become more.
pub(crate) fn plots(variants: &[Variant], summary: &Summary) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    let along = variants.iter().filter_map(|variant| Some((variant, variant.along.as_ref()?)));
    for (variant, along) in along {
        let times = [LISTS_PROPOSED, ROUNDS].contains(&along.over).then_some(LIST_MILLISECONDS);
        for figure in summary.ranked_by().into_iter().chain(times) {
            if let Some(value) = value(summary, &variant.name, figure) {
                plot_of(&mut plots, figure, along.over).push(&along.curve, along.x, measure(Some(value)));
            }
        }
    }
    plots
}

fn value(summary: &Summary, variant: &str, figure: &str) -> Option<Value> {
    let column = summary.columns.iter().position(|name| name == figure)?;
    summary.rows.iter().find(|row| row.variant == variant)?.values[column]
}

/// The plot of a figure over something, begun if there is none yet.
fn plot_of<'a>(plots: &'a mut Vec<Plot>, figure: &str, over: &str) -> &'a mut Plot {
    let index = plots.iter().position(|plot| plot.name == figure && plot.over == over).unwrap_or_else(|| {
        let scale = if form(figure).is_share { Scale::Percent } else { Scale::Plain };
        let (name, over) = (figure.to_owned(), over.to_owned());
        plots.push(Plot { name, scale, over, spacing: Spacing::Even, curves: Vec::new() });
        plots.len() - 1
    });
    &mut plots[index]
}

/// A figure with its spread over seeds.
pub(crate) fn measure(value: Option<Value>) -> Measure {
    match value {
        None => Measure::NONE,
        Some(Value { mean, deviation: None }) => Measure::bare(mean),
        Some(Value { mean, deviation: Some(deviation) }) => Measure::new(mean, mean - deviation, mean + deviation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Row, Subject};

    #[test]
    fn each_variant_stands_on_its_curve() {
        let row = |variant: &str, ndcg: f64, time: f64| Row {
            variant: variant.to_owned(),
            seeds: vec![1],
            skipped: 0,
            values: [ndcg, time].map(|mean| Some(Value { mean, deviation: None })).into(),
            behind: Vec::new(),
        };
        let summary = Summary {
            about: None,
            columns: vec!["NDCG@6".to_owned(), LIST_MILLISECONDS.to_owned()],
            compared: vec!["NDCG@6".to_owned()],
            first: None,
            rows: vec![row("b-8", 0.4, 2.0), row("a-2", 0.2, 1.0), row("b-2", 0.3, 1.5), row("ω-1", 0.1, 1.0)],
        };
        let variant = |name: &str| Variant::new(name, Subject::Nar4rec, "");
        let variants = [
            variant("a-2").along("lists proposed", 2.0, "a"),
            variant("b-2").along("lists proposed", 2.0, "b"),
            variant("not run").along("lists proposed", 4.0, "b"),
            variant("b-8").along("lists proposed", 8.0, "b"),
            variant("ω-1").along("ω", 1.0, ""),
            variant("b-8"),
        ];
        let plots = plots(&variants, &summary);
        let names: Vec<(&str, &str)> = plots.iter().map(|plot| (plot.name.as_str(), plot.over.as_str())).collect();
        let expected = [("NDCG@6", "lists proposed"), (LIST_MILLISECONDS, "lists proposed"), ("NDCG@6", "ω")];
        assert_eq!(names, expected);
        let of = |plot: usize, curve: usize| -> Vec<(f64, f64)> {
            plots[plot].curves[curve].points.iter().map(|(x, y)| (*x, y.value)).collect()
        };
        assert_eq!((of(0, 0), of(0, 1)), (vec![(2.0, 0.2)], vec![(2.0, 0.3), (8.0, 0.4)]));
        assert_eq!(of(1, 1), [(2.0, 1.5), (8.0, 2.0)]);
        assert_eq!((plots[0].scale, plots[1].scale), (Scale::Percent, Scale::Plain));
    }
}
