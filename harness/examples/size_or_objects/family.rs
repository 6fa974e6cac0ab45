//! Endpoints that are corrected for each other.

use crate::design::Endpoint;
use crate::endpoint::{EndpointVerdict, Estimate};
use crate::scores::PartScores;
use atrous_data::DatasetKind;
use atrous_harness::conclusions::statistics::{Interval, holm};

/// The endpoints of all data sets of a part: one family of tests.
pub struct Family(pub Vec<FamilyMember>);

/// An endpoint of a data set.
pub struct FamilyMember {
    pub kind: DatasetKind,
    pub endpoint: Endpoint,
    /// What it came to, or what is missing.
    pub outcome: Result<Outcome, String>,
}

/// An estimate among others.
pub struct Outcome {
    pub estimate: Estimate,
    /// The p-value, corrected for all tests (Holm).
    pub p: f64,
    /// Tests of the family.
    tests: usize,
}

impl Family {
    pub fn of(part: &PartScores, asked: &[Endpoint]) -> Self {
        let members =
            part.0.iter().flat_map(|(kind, folds)| asked.iter().map(move |endpoint| (*kind, endpoint, folds)));
        let found: Vec<_> =
            members.map(|(kind, endpoint, folds)| (kind, endpoint, Estimate::of(endpoint, folds))).collect();
        let p: Vec<f64> = found.iter().map(|(.., found)| found.as_ref().map_or(1.0, Estimate::p)).collect();
        let tests = found.len();
        let member = |((kind, endpoint, found), p): ((DatasetKind, &Endpoint, Result<Estimate, String>), f64)| {
            let outcome = found.map(|estimate| Outcome { estimate, p, tests });
            FamilyMember { kind, endpoint: endpoint.clone(), outcome }
        };
        Self(found.into_iter().zip(holm(&p)).map(member).collect())
    }

    /// What the intervals and p-values hold for.
    pub fn said(&self) -> String {
        match self.0.len() {
            1 => "one test; intervals hold 95 %".to_owned(),
            tests => format!("p by Holm, intervals hold 95 % together for {tests} tests"),
        }
    }
}

impl FamilyMember {
    /// `P1, live minus dead`.
    pub fn name(&self) -> String {
        format!("{}, {}", self.endpoint.name, self.endpoint.question)
    }

    /// Estimate, interval, p, verdict, and the seeds and subjects behind them, as they are shown.
    pub fn cells(&self) -> [String; 5] {
        match &self.outcome {
            Err(missing) => ["", "", "", &format!("not judged: {missing}"), ""].map(str::to_owned),
            Ok(outcome) => outcome.cells(),
        }
    }
}

impl Outcome {
    pub fn verdict(&self) -> EndpointVerdict {
        self.estimate.verdict(self.p, self.tests)
    }

    /// The interval that holds with all others of the family.
    fn interval(&self) -> Interval {
        self.estimate.interval(self.tests)
    }

    /// The smallest true value, in points, that would have been found.
    pub fn detectable(&self) -> f64 {
        100.0 * self.estimate.detectable(self.tests)
    }

    fn cells(&self) -> [String; 5] {
        let verdict = match self.verdict() {
            EndpointVerdict::Positive => "positive".to_owned(),
            EndpointVerdict::Negative => "negative".to_owned(),
            EndpointVerdict::Equal => "equal within 0.5".to_owned(),
            EndpointVerdict::Undetermined => format!("undetermined ({:.2} would have been found)", self.detectable()),
        };
        let (Estimate { mean, seeds, subjects }, interval) = (&self.estimate, self.interval());
        let [mean, low, high] = [mean.difference, interval.low, interval.high].map(|value| 100.0 * value);
        [
            format!("{mean:+.2}"),
            format!("{low:+.2} to {high:+.2}"),
            format!("{:.3}", self.p),
            verdict,
            format!("{seeds}, {subjects}"),
        ]
    }
}
