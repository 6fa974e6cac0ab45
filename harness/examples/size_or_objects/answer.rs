//! What the endpoints of a data set say, in words. What they mean for the claim, together with the
//! fit of the three models, is in the plan's table "What each outcome means".

use crate::endpoint::EndpointVerdict;
use crate::family::{Family, FamilyMember, Outcome};
use atrous_data::DatasetKind;

/// A sentence for each data set.
pub fn sentences(family: &Family) -> Vec<String> {
    let mut kinds: Vec<DatasetKind> = family.0.iter().map(|member| member.kind).collect();
    kinds.dedup();
    kinds.into_iter().map(|kind| sentence(kind, family)).collect()
}

fn sentence(kind: DatasetKind, family: &Family) -> String {
    use EndpointVerdict::{Equal, Negative, Positive, Undetermined};
    let of = |name: &str| {
        let is_it = |member: &&FamilyMember| member.kind == kind && member.endpoint.name == name;
        family.0.iter().find(is_it).map(|member| &member.outcome)
    };
    let verdict = |outcome: &Outcome| (outcome.verdict(), outcome.detectable());
    let outcomes = [of("P1"), of("P2"), of("P3")].map(|found| found.map(|outcome| outcome.as_ref().map(verdict)));
    let said = match outcomes {
        [.., Some(Ok((verdict, found)))] => match verdict {
            Positive => "smaller objects want smaller rates".to_owned(),
            Negative => "smaller objects want larger rates".to_owned(),
            Equal => "objects of half the size want the same rates, within half a point".to_owned(),
            Undetermined => {
                format!("whether smaller objects want smaller rates is open: {found:.2} points would have been found")
            }
        },
        [Some(Ok((Equal, _))), ..] => "no rate is worth half a point".to_owned(),
        [Some(Ok((Negative, _))), ..] => "the context of the ASPP does harm".to_owned(),
        [Some(Ok((Undetermined, found))), ..] => {
            format!("whether the context of the ASPP matters is open: {found:.2} points would have been found")
        }
        [Some(Ok((Positive, _))), Some(Ok((verdict, found))), _] => {
            "the context of the ASPP matters, and ".to_owned()
                + &match verdict {
                    Positive => "larger inputs want larger rates".to_owned(),
                    Negative => "larger inputs want smaller rates".to_owned(),
                    Equal => "inputs of 32 and of 128 pixels want the same rates, within half a point".to_owned(),
                    Undetermined => {
                        format!(
                            "whether larger inputs want larger rates is open: {found:.2} points would have been found"
                        )
                    }
                }
        }
        [Some(Ok((Positive, _))), Some(Err(missing)), _] => {
            format!("the context of the ASPP matters; whether larger inputs want larger rates is not judged: {missing}")
        }
        outcomes => {
            let missing = outcomes.iter().flatten().find_map(|outcome| outcome.as_ref().err());
            format!("not judged{}", missing.map_or_else(String::new, |missing| format!(": {missing}")))
        }
    };
    format!("{}: {said}.", kind.title())
}
