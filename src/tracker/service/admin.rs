//! The operator's pages: for people, as JSON, and for Prometheus. They only show.

use super::connection::Step;
use super::journal::Journal;
use super::other::OtherTracker;
use crate::base::Instant;
use crate::tracker::server::{HttpStep, Server, Surroundings};
use crate::wire::http::{Content, Method, Status, parse_head, write_response};

/// The host's own figures, as JSON, whenever they are asked for.
pub struct HostFigures(pub Box<dyn Fn() -> String>);

impl std::fmt::Debug for HostFigures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostFigures(..)")
    }
}

const PAGE: &str = include_str!("admin.html");

/// What the pages show beside the server.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) figures: Option<&'a HostFigures>,
    pub(super) other: Option<&'a OtherTracker>,
    pub(super) journal: Option<&'a Journal>,
}

pub(super) fn answer(
    now: Instant,
    server: &mut Server,
    shown: Shown<'_>,
    step: &mut Step<'_>,
) -> HttpStep {
    let head = match parse_head(step.received) {
        Ok(None) => return HttpStep::Wait,
        Ok(Some(head)) => head,
        Err(error) => {
            write_response(step.out, error.status(), Content::Text, false, |out| {
                out.extend_from_slice(error.to_string().as_bytes());
            });
            return HttpStep::Close;
        }
    };
    let totals = server.table().totals();
    let pair = shown.other.map(|other| other.view(server));
    let state_file = shown
        .journal
        .map(|journal| journal.view(now, server.table()));
    let (status, content, body) = match head.path {
        b"/" => (Status::Ok, Content::Html, PAGE.as_bytes().to_vec()),
        b"/stats" => {
            let surroundings = Surroundings {
                pair: pair.map(|pair| pair.json()),
                state_file: state_file.map(|file| file.json()),
            };
            let mut body = Vec::new();
            server.stats().write_json(totals, &surroundings, &mut body);
            (Status::Ok, Content::Json, body)
        }
        b"/reactor" => {
            let figures = shown
                .figures
                .map_or("{}".to_owned(), |figures| (figures.0)());
            (Status::Ok, Content::Json, figures.into_bytes())
        }
        b"/metrics" => {
            let mut body = Vec::new();
            server.stats().write_metrics(totals, &mut body);
            if let Some(pair) = pair {
                pair.write_metrics(&mut body);
            }
            if let Some(file) = state_file {
                file.write_metrics(&mut body);
            }
            (Status::Ok, Content::Metrics, body)
        }
        _ => {
            let body = b"expected /, /stats, /reactor or /metrics".to_vec();
            (Status::NotFound, Content::Text, body)
        }
    };
    write_response(step.out, status, content, head.keep_alive, |out| {
        if head.method != Method::Head {
            out.extend_from_slice(&body);
        }
    });
    if head.keep_alive {
        HttpStep::Answered {
            len_bytes: head.len_bytes,
        }
    } else {
        HttpStep::Close
    }
}
