//! An inverted index with BM25 weights, one document per tool.

use std::{collections::HashMap, ops::Range, sync::Arc};

use workroom_types::ToolRef;

use super::{
    Skill, Together, acts,
    documents::{Document, Documents, FIELDS},
    pick::{self, Found},
    question::{Intent, Question},
    similarity, thesaurus,
    typo::Spelling,
};
use crate::{ServerEntry, text};

/// How soon more of a word stops to count.
const SATURATION: f32 = 5.0;

/// What a word counts that only begins like one that is in no document.
const PREFIX_WEIGHT: f32 = 0.6;

/// How much a tool gains from the others of its server that fit, too: a server whose tools fit is
/// what the question is about.
const NEIGHBOURS_WEIGHT: f32 = 1.0;

/// How many of a server's tools tell how well it fits.
const NEIGHBOURS: usize = 3;

/// The most words that an unknown beginning stands for.
const PREFIXES_MAX: usize = 8;

/// What a word counts that is spelt nearly like one that is in no document.
const TYPO_WEIGHT: f32 = 0.6;

/// The most unknown words of one question that are compared with all that are known.
const TYPOS_MAX: usize = 8;

/// What tools count that earlier runs used beside one that fits well.
const TOGETHER_WEIGHT: f32 = 0.25;

/// How many of the best matches bring along what they were used with.
const TOGETHER_ANCHORS_MAX: usize = 3;

/// What a tool counts whose name says that it does something else than what is asked for: it reads
/// where something is to be written, say.
const OTHER_ACT: f32 = 0.6;

/// What a word counts that says little, such as `information`, beside words that say more.
const FAINT: f32 = 0.5;

/// Raises a tool whose name was asked for above all others.
const EXACT_BONUS: f32 = 100.0;

/// What one occurrence counts, by field.
const WEIGHTS: [f32; FIELDS] = [5.0, 2.0, 2.0, 1.0, 0.5, 0.3, 0.3, 0.8];

/// How much a field's length takes from each of its words.
const LENGTH: [f32; FIELDS] = [0.5, 0.0, 0.5, 0.6, 0.6, 0.7, 0.7, 0.5];

/// One tool that has a term.
#[derive(Clone, Copy, Debug)]
struct Posting {
    document: u32,
    /// What the term weighs there, saturated.
    weight: f32,
    /// Which part of the tool's name the term is.
    name_share: f32,
}

/// Every tool's and skill's terms, turned round.
#[derive(Debug)]
pub(crate) struct Index {
    /// By term: the tools that have it.
    postings: HashMap<Box<str>, Vec<Posting>>,
    /// Every term, sorted.
    vocabulary: Vec<Box<str>>,
    /// What an unknown word may have been meant to be.
    spelling: Spelling,
    /// By letters and digits of its name, with and without its server's.
    exact: HashMap<String, Vec<u32>>,
    /// Where each server's tools begin, then the skills, and the end of all.
    starts: Vec<usize>,
    /// What the scores of each skill are multiplied by.
    standings: Vec<f32>,
    /// By document: what its name says that it does.
    acts: Vec<Option<acts::Kind>>,
}

/// What a question is looked for in.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    /// The servers, by place; the one after the last holds the skills.
    pub(super) within: Range<usize>,
    /// What earlier runs used together.
    pub(super) together: Option<(&'a [Arc<ServerEntry>], &'a Together)>,
    /// How close each document of the catalog is in meaning.
    pub(super) cosines: Option<&'a [f32]>,
}

impl Index {
    pub(crate) fn of(servers: &[Arc<ServerEntry>], skills: &[Skill]) -> Self {
        let skilled = Documents::of_skills(skills);
        let lists = servers.iter().map(|server| server.documents()).chain([&skilled]);
        let mut starts = vec![0];
        for list in lists.clone() {
            starts.push(starts[starts.len() - 1] + list.0.len());
        }
        let documents = || lists.clone().flat_map(|list| &list.0);
        let averages = averages(documents());
        let mut postings: HashMap<Box<str>, Vec<Posting>> = HashMap::new();
        for (number, document) in (0_u32..).zip(documents()) {
            for (term, counts) in &document.terms {
                let posting = Posting {
                    document: number,
                    weight: weight(*counts, document.lengths, &averages),
                    name_share: f32::from(counts[0]) / f32::from(document.lengths[0].max(1)),
                };
                match postings.get_mut(term) {
                    Some(list) => list.push(posting),
                    None => {
                        postings.insert(term.clone(), vec![posting]);
                    }
                }
            }
        }
        let mut vocabulary: Vec<Box<str>> = postings.keys().cloned().collect();
        vocabulary.sort_unstable();
        let of_thesaurus = thesaurus::stems().filter(|stem| {
            thesaurus::others(stem).iter().any(|other| postings.contains_key(&other.stem))
        });
        let mut words: Vec<&str> = vocabulary.iter().map(|word| &**word).collect();
        of_thesaurus.for_each(|stem| words.push(stem));
        let spelling = Spelling::of(words.into_iter());
        let exact = exact_names(servers, skills);
        let standings = skills.iter().map(Skill::weight).collect();
        let acts = documents().map(act).collect();
        Self { postings, vocabulary, spelling, exact, starts, standings, acts }
    }

    /// How many tools of `scope` match, and the best `limit` of them as server, tool and score.
    pub(super) fn best(
        &self,
        query: &str,
        scope: &Scope<'_>,
        limit: usize,
    ) -> (usize, Vec<(usize, usize, f32)>) {
        let range = self.starts[scope.within.start]..self.starts[scope.within.end];
        let (total, best) = if query.trim().is_empty() {
            (range.len(), range.map(|document| (document, 0.0)).take(limit).collect())
        } else {
            self.asked(query, range, scope, limit)
        };
        let placed = best.into_iter().map(|(document, score)| {
            // The last server that begins at or before it: one without tools begins where the
            // next one does.
            let server = self.starts.partition_point(|start| *start <= document) - 1;
            (server, document - self.starts[server], score)
        });
        (total, placed.collect())
    }

    fn asked(
        &self,
        query: &str,
        range: Range<usize>,
        scope: &Scope<'_>,
        limit: usize,
    ) -> (usize, Vec<(usize, f32)>) {
        let mut question = Question::of(query);
        self.exact.contains_key(&plain(query)).then(|| {
            // A name is one thing, whatever it is made of.
            question.parts.clear();
            question.whole.names.push(query.to_owned());
        });
        let mut typos = TYPOS_MAX;
        let (mut whole, _) = self.scores(&question.whole, &range, &mut typos);
        if let Some((servers, together)) = scope.together {
            self.bring_along(&mut whole, servers, together, &range);
        }
        let mut typos = TYPOS_MAX;
        let parts = question.parts.iter().map(|part| {
            let (scored, known) = self.scores(part, &range, &mut typos);
            Found { scored, weight: known }
        });
        let parts: Vec<Found> = parts.filter(|part| !part.scored.is_empty()).collect();
        let total = whole.len();
        // Of a tool that is named, no meaning is in doubt.
        let is_named = !question.whole.names.is_empty();
        let cosines = scope.cosines.filter(|it| !is_named && it.len() == self.acts.len());
        let enough = cosines.map_or(limit, |_| limit.max(similarity::CANDIDATES_MIN));
        let best = match parts.len() {
            0 | 1 if cosines.is_some() => whole,
            0 | 1 => pick::best(whole, limit),
            _ => pick::among(whole, parts, enough),
        };
        match cosines {
            Some(cosines) => similarity::join(&best, cosines, range, limit),
            None => (total, best),
        }
    }

    /// The documents of `range` that match, with their scores; and how much `intent` counts beside
    /// others: by what its words say, so far as the best match has them.
    fn scores(
        &self,
        intent: &Intent,
        range: &Range<usize>,
        typos: &mut usize,
    ) -> (Vec<(usize, f32)>, f32) {
        let mut tallies = vec![Tally::default(); range.len()];
        // Of one term: what each tool has best, by any of the term's meanings.
        let mut best = vec![(0.0_f32, 0.0_f32); range.len()];
        let mut touched: Vec<usize> = Vec::new();
        let mut whole = 0.0;
        let says_more = intent.terms.iter().any(|it| !acts::is_faint(it) && !thesaurus::is_act(it));
        let pairs = intent.pairs.iter().filter(|pair| self.postings.contains_key(pair.as_str()));
        for term in intent.terms.iter().chain(pairs) {
            let meanings = self.meanings(term, &intent.terms, typos);
            let Some((idf, own)) = self.rarity(&meanings) else { continue };
            let said = if says_more && acts::is_faint(term) { FAINT } else { 1.0 };
            let (idf, own) = (idf * said, own * said);
            for (postings, share) in meanings {
                let share = if share < 1.0 { share } else { own / idf };
                // Postings are in the order of the documents.
                let first = postings.partition_point(|it| (it.document as usize) < range.start);
                for posting in &postings[first..] {
                    let document = posting.document as usize;
                    if document >= range.end {
                        break;
                    }
                    let place = document - range.start;
                    let (weight, name) = &mut best[place];
                    if *weight == 0.0 {
                        touched.push(place);
                    }
                    *weight = weight.max(posting.weight * share);
                    *name = name.max(posting.name_share * share.min(1.0));
                }
            }
            whole += own;
            for place in touched.drain(..) {
                let (weight, name) = std::mem::take(&mut best[place]);
                let tally = &mut tallies[place];
                tally.score += idf * weight;
                tally.covered += own;
                tally.name += name;
            }
        }
        for document in
            intent.names.iter().filter_map(|name| self.exact.get(&plain(name))).flatten()
        {
            let document = *document as usize;
            if range.contains(&document) {
                let tally = &mut tallies[document - range.start];
                *tally =
                    Tally { score: tally.score + EXACT_BONUS, covered: whole.max(1.0), name: 1.0 };
            }
        }
        let matching = tallies.iter().enumerate().filter(|(_, tally)| tally.score > 0.0);
        let scored = matching.map(|(place, tally)| {
            let document = range.start + place;
            let fitness = self.standing(document) * self.fitness(document, &intent.acts);
            (document, tally.total(whole) * fitness)
        });
        let mut scored: Vec<(usize, f32)> = scored.collect();
        let first = scored.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let covered = first.map_or(0.0, |(best, _)| tallies[best - range.start].covered);
        self.lift_neighbours(&mut scored);
        (scored, whole.cbrt() * (covered / whole.max(f32::MIN_POSITIVE)).min(1.0))
    }

    /// What the score of `document` is multiplied by: of a tool, nothing.
    fn standing(&self, document: usize) -> f32 {
        let skills = self.starts[self.starts.len() - 2];
        document.checked_sub(skills).and_then(|at| self.standings.get(at)).copied().unwrap_or(1.0)
    }

    /// What the score of `document` is multiplied by, where acts of the kinds `asked` are wanted.
    fn fitness(&self, document: usize, asked: &[acts::Kind]) -> f32 {
        match self.acts[document] {
            Some(act) if !asked.is_empty() && !asked.contains(&act) => OTHER_ACT,
            _ => 1.0,
        }
    }

    /// Raises the tools of servers of which several fit. `scored` is in the order of documents.
    fn lift_neighbours(&self, scored: &mut [(usize, f32)]) {
        let mut fits: Vec<(Range<usize>, f32)> = Vec::new();
        let mut at = 0;
        for end in &self.starts[1..] {
            let begin = at;
            let mut top = [0.0_f32; NEIGHBOURS];
            while at < scored.len() && scored[at].0 < *end {
                let mut score = scored[at].1.min(EXACT_BONUS);
                for best in &mut top {
                    if score > *best {
                        std::mem::swap(best, &mut score);
                    }
                }
                at += 1;
            }
            if begin < at {
                fits.push((begin..at, top.iter().sum()));
            }
        }
        let most = fits.iter().map(|(_, fit)| *fit).fold(f32::MIN_POSITIVE, f32::max);
        for (tools, fit) in fits {
            for (_, score) in &mut scored[tools] {
                *score *= 1.0 + NEIGHBOURS_WEIGHT * fit / most;
            }
        }
    }

    /// Raises what earlier runs used beside the best of `scored`.
    fn bring_along(
        &self,
        scored: &mut Vec<(usize, f32)>,
        servers: &[Arc<ServerEntry>],
        together: &Together,
        range: &Range<usize>,
    ) {
        let anchors = pick::best(scored.clone(), TOGETHER_ANCHORS_MAX);
        let Some((_, top)) = anchors.first().copied() else { return };
        for (document, score) in anchors.into_iter().filter(|(_, score)| *score > top / 2.0) {
            let server = self.starts.partition_point(|start| *start <= document) - 1;
            let tool = servers.get(server).and_then(|entry| {
                let tool = entry.tools.get(document - self.starts[server])?;
                Some(ToolRef { server: entry.name.clone(), tool: tool.def.name.clone() })
            });
            for (partner, share) in tool.iter().flat_map(|tool| together.with(tool)) {
                let more = score * share * TOGETHER_WEIGHT;
                let name = plain(&partner.server) + &plain(&partner.tool);
                for partner in self.exact.get(&name).into_iter().flatten() {
                    let partner = *partner as usize;
                    if !range.contains(&partner) {
                        continue;
                    }
                    match scored.binary_search_by_key(&partner, |(document, _)| *document) {
                        Ok(at) => scored[at].1 += more,
                        Err(at) => scored.insert(at, (partner, more)),
                    }
                }
            }
        }
    }

    /// The lists of documents that `term` stands for, with what each counts. A word that was
    /// `asked` for itself stands for no other.
    fn meanings(&self, term: &str, asked: &[String], typos: &mut usize) -> Vec<(&[Posting], f32)> {
        let mut lists = self.known(term, asked);
        if lists.is_empty() && term.chars().count() > 2 {
            let start = self.vocabulary.partition_point(|known| known.as_ref() < term);
            let longer = self.vocabulary[start..].iter().take_while(|it| it.starts_with(term));
            let longer = longer.take(PREFIXES_MAX).filter_map(|it| self.list(it));
            lists.extend(longer.map(|list| (list, PREFIX_WEIGHT)));
        }
        if lists.is_empty() && *typos > 0 {
            *typos -= 1;
            for meant in self.spelling.nearest(term) {
                let meant = self.known(meant, asked).into_iter();
                lists.extend(meant.map(|(list, share)| (list, share * TYPO_WEIGHT)));
            }
        }
        lists
    }

    fn list(&self, term: &str) -> Option<&[Posting]> {
        self.postings.get(term).map(Vec::as_slice)
    }

    fn known(&self, term: &str, asked: &[String]) -> Vec<(&[Posting], f32)> {
        let own = self.list(term).map(|list| (list, 1.0));
        let others = thesaurus::others(term).iter();
        let others = others.filter(|other| !asked.iter().any(|it| **it == *other.stem));
        let others = others.filter_map(|other| Some((self.list(&other.stem)?, other.share)));
        own.into_iter().chain(others).collect()
    }

    /// What words that mean one thing say, and what the one of them that was asked for says: both
    /// by how rare they are. Words for one thing are as rare as the most common of them, or a
    /// server that says `ticket` once would go before one whose tools are about issues; but a rare
    /// word that was asked for says more than its common synonyms.
    fn rarity(&self, meanings: &[(&[Posting], f32)]) -> Option<(f32, f32)> {
        let having = meanings.iter().map(|(postings, _)| postings.len()).max()?;
        let idf = self.idf(having);
        let own = meanings.iter().find(|(_, share)| *share >= 1.0);
        let own = own.map_or(idf, |(postings, _)| self.idf(postings.len()) * 0.75 + idf * 0.25);
        Some((idf, own))
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of tools are far below 2^24")]
    fn idf(&self, having: usize) -> f32 {
        let all = self.starts[self.starts.len() - 1] as f32;
        let having = having as f32;
        (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
    }
}

/// How well one tool fits a query.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    score: f32,
    /// How much of the query it has, by the weight of the words.
    covered: f32,
    /// How much of its name the query has.
    name: f32,
}

impl Tally {
    /// A tool that fits all of the query goes before one that fits a part of it well, and one
    /// whose name says nothing else (`create_issue`) before one that does more
    /// (`batch_create_issues`).
    fn total(self, whole: f32) -> f32 {
        let covered = if whole > 0.0 { (self.covered / whole).min(1.0) } else { 1.0 };
        self.score * (0.4 + 0.6 * covered) * (0.5 + 0.5 * self.name.min(1.0))
    }
}

/// The average length of each field, over the documents that have it.
#[allow(clippy::cast_precision_loss, reason = "an average needs no exact sum")]
fn averages<'a>(documents: impl Iterator<Item = &'a Document>) -> [f32; FIELDS] {
    let mut sums = [(0_u64, 0_u64); FIELDS];
    for document in documents {
        for ((sum, count), length) in sums.iter_mut().zip(document.lengths) {
            *sum += u64::from(length);
            *count += u64::from(length > 0);
        }
    }
    sums.map(|(sum, count)| (sum as f32 / count.max(1) as f32).max(1.0))
}

/// What the name of `document` says that it does.
fn act(document: &Document) -> Option<acts::Kind> {
    let mut of_name = document.terms.iter().filter(|(_, counts)| counts[0] > 0);
    of_name.find_map(|(term, _)| acts::kind(term))
}

/// What a term with these counts weighs in a document of these lengths.
fn weight(counts: [u8; FIELDS], lengths: [u16; FIELDS], averages: &[f32; FIELDS]) -> f32 {
    let mut sum = 0.0;
    for field in 0..FIELDS {
        let share = f32::from(lengths[field]) / averages[field];
        let length = 1.0 - LENGTH[field] + LENGTH[field] * share;
        sum += WEIGHTS[field] * f32::from(counts[field]) / length.max(0.1);
    }
    sum * (SATURATION + 1.0) / (SATURATION + sum)
}

fn exact_names(servers: &[Arc<ServerEntry>], skills: &[Skill]) -> HashMap<String, Vec<u32>> {
    let mut exact: HashMap<String, Vec<u32>> = HashMap::new();
    let tools = servers.iter().flat_map(|server| {
        server.tools.iter().map(move |tool| (server.name.as_str(), tool.def.name.as_str()))
    });
    let skills = skills.iter().map(|skill| (super::SKILLS, skill.name.as_str()));
    for (number, (server, name)) in (0_u32..).zip(tools.chain(skills)) {
        let own = plain(name);
        for name in [plain(server) + &own, own] {
            if !name.is_empty() {
                exact.entry(name).or_default().push(number);
            }
        }
    }
    exact
}

/// The letters and digits of `name`, so that `crm.getContact` and `crm get_contact` are the same.
fn plain(name: &str) -> String {
    let name = text::prefix(name, 256).chars();
    name.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
