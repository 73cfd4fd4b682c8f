//! A script that looks at values where it fails: for finding out afterwards why it did.
//!
//! A run that failed can be played again, since all it computes from is on record. For that, the
//! statement at the failure's place is put into a `try` whose `catch` looks at what the statement
//! mentions:
//!
//! ```js
//! try { return __workroom.see(2, list.find(…)).price; }
//! catch (__workroom_error) {
//!   __workroom.seen(__workroom_error, [() => list, () => list.find]);
//!   throw __workroom_error;
//! }
//! ```
//!
//! A run that does not fail is never compiled this way, so nothing of this costs it anything.
//!
//! # Invariants
//!
//! * What has an effect is not evaluated again: calls and awaits are looked at on their way.
//! * Everything else of the script is as in its ordinary program.

use oxc::{
    allocator::{Allocator, ArenaVec, GetAllocator, TakeIn},
    ast::{
        ast::{
            ArrowFunctionBody, ArrowFunctionExpression, AssignmentExpression, AssignmentTarget,
            BindingPattern, CallExpression, ChainExpression, Class, Expression, ForOfStatement,
            Function, FunctionBody, MemberExpression, NewExpression, Program, SpreadElement,
            Statement, VariableDeclarator,
        },
        builder::AstBuilder,
    },
    ast_visit::{VisitMut, walk_mut},
    parser::Parser,
    span::{GetSpan, SPAN, SourceType, Span},
    syntax::scope::ScopeFlags,
};

use crate::{
    check::INTERNAL,
    label::{self, Label, key_text, label, name_of},
    pattern::Targets,
    rewrite::Names,
};

/// The most expressions of a statement that are looked at.
pub const SITES_MAX: usize = 24;

/// The longest text of an expression that is looked at.
const TEXT_CHARS_MAX: usize = 80;

/// A program that looks at values where it fails.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    /// As [`crate::Program::code`].
    pub code: String,
    /// What it looks at, by the numbers that the guest is told.
    pub sites: Vec<Site>,
}

/// One expression of the statement that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing, and all may be so")]
pub struct Site {
    /// It in short: `invoice.lines`, `list.find(…)`.
    pub text: String,
    /// Of a member, the site of what it is a member of.
    pub parent: Option<usize>,
    /// The members that the statement reads or sets of it.
    pub members: Vec<String>,
    /// Whether it is called.
    pub is_called: bool,
    /// Whether it is iterated over.
    pub is_iterated: bool,
    /// Whether it is handed to `JSON.parse`.
    pub is_parsed: bool,
    /// Whether the guest evaluates it again to look at it.
    is_pure: bool,
}

/// Puts the innermost statement of `program` that holds `offset` under observation. Gives what is
/// looked at; nothing where there is no such statement.
pub(crate) fn instrument<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    offset: u32,
) -> Vec<Site> {
    let ast = AstBuilder::new(allocator);
    let mut wrapper = Wrapper { ast: &ast, offset, sites: None };
    wrapper.visit_program(program);
    wrapper.sites.unwrap_or_default()
}

struct Wrapper<'s, 'a> {
    ast: &'s AstBuilder<'a>,
    offset: u32,
    /// Set once the statement is found.
    sites: Option<Vec<Site>>,
}

impl<'a> Wrapper<'_, 'a> {
    /// Generated code has no place, but may hold code that has.
    fn may_hold(&self, span: Span) -> bool {
        span.is_unspanned() || self.holds(span)
    }

    fn holds(&self, span: Span) -> bool {
        !span.is_unspanned()
            && span.start <= self.offset
            && self.offset < span.end.max(span.start + 1)
    }

    /// `statements` in a `try` that looks at `sites`.
    fn observed(
        &self,
        statements: impl IntoIterator<Item = Statement<'a>>,
        sites: &[Site],
    ) -> Option<Statement<'a>> {
        let thunks: Vec<String> = sites
            .iter()
            .map(|site| if site.is_pure { format!("() => {}", site.text) } else { "0".to_owned() })
            .collect();
        let code = format!(
            "try {{}} catch ({INTERNAL}_error) {{ {INTERNAL}.seen({INTERNAL}_error, [{}]); throw \
             {INTERNAL}_error; }}",
            thunks.join(", ")
        );
        let mut statement = snippet(self.ast.allocator(), &code)?;
        let Statement::TryStatement(observed) = &mut statement else { return None };
        observed.block.body.extend(statements);
        Some(statement)
    }

    /// `let` and `const` in a `try` would be seen by nothing after it: the names go before it.
    fn split(&mut self, statement: &mut Statement<'a>) -> Option<Statement<'a>> {
        let Statement::VariableDeclaration(variable) = statement else { return None };
        let sites = Collector::of_statement(self.ast, |collector| {
            collector.visit_variable_declaration(variable);
        });
        let mut variable = variable.take_in(self.ast);
        let (mut vars, mut declared) = (Names::default(), Names::default());
        let mut assignments = Vec::new();
        let declarators = variable.declarations.take_in(self.ast);
        for declarator in declarators {
            let mut targets = Targets { ast: self.ast, vars: &mut vars, declared: &mut declared };
            let span = declarator.span;
            if let Some(assignment) = targets.assignment(declarator, false) {
                let statement = Statement::new_expression_statement(span, assignment, self.ast);
                assignments.push(statement);
            }
        }
        let names = snippet(self.ast.allocator(), &format!("let {};", vars.order().join(", ")))?;
        *statement = self.observed(assignments, &sites)?;
        self.sites = Some(sites);
        Some(names)
    }
}

/// Takes the place away from what is ours.
struct Nowhere;

impl VisitMut<'_> for Nowhere {
    fn visit_span(&mut self, span: &mut Span) {
        *span = SPAN;
    }
}

/// The one statement that `code` is.
fn snippet<'a>(allocator: &'a Allocator, code: &str) -> Option<Statement<'a>> {
    let code = allocator.alloc_str(code);
    let mut parsed = Parser::new(allocator, code, SourceType::mjs()).parse();
    if parsed.panicked || parsed.diagnostics.has_errors() {
        return None;
    }
    Nowhere.visit_program(&mut parsed.program);
    parsed.program.body.pop()
}

impl<'a> VisitMut<'a> for Wrapper<'_, 'a> {
    fn visit_statements(&mut self, statements: &mut ArenaVec<'a, Statement<'a>>) {
        let mut names = None;
        for (index, statement) in statements.iter_mut().enumerate() {
            if self.sites.is_some() {
                return;
            }
            self.visit_statement(statement);
            let is_lexical =
                matches!(statement, Statement::VariableDeclaration(v) if !v.kind.is_var());
            if self.sites.is_none() && is_lexical && self.holds(statement.span()) {
                names = self.split(statement).map(|names| (index, names));
                break;
            }
        }
        if let Some((index, names)) = names {
            statements.insert(index, names);
        }
    }

    fn visit_statement(&mut self, statement: &mut Statement<'a>) {
        if self.sites.is_some() || !self.may_hold(statement.span()) {
            return;
        }
        walk_mut::walk_statement(self, statement);
        let is_observable = match statement {
            Statement::BlockStatement(_)
            | Statement::EmptyStatement(_)
            | Statement::FunctionDeclaration(_)
            | Statement::ClassDeclaration(_) => false,
            Statement::VariableDeclaration(variable) => variable.kind.is_var(),
            _ => true,
        };
        if self.sites.is_some() || !is_observable || !self.holds(statement.span()) {
            return;
        }
        let sites = Collector::of_statement(self.ast, |collector| {
            walk_mut::walk_statement(collector, statement);
        });
        let inner = statement.take_in(self.ast);
        match self.observed([inner], &sites) {
            Some(observed) => *statement = observed,
            None => return,
        }
        self.sites = Some(sites);
    }

    fn visit_arrow_function_expression(&mut self, arrow: &mut ArrowFunctionExpression<'a>) {
        if self.sites.is_some() || !self.may_hold(arrow.span) {
            return;
        }
        walk_mut::walk_arrow_function_expression(self, arrow);
        let Some(value) = arrow.body.as_expression_mut() else { return };
        let span = value.span();
        if self.sites.is_some() || !self.holds(span) {
            return;
        }
        let sites =
            Collector::of_statement(self.ast, |collector| collector.visit_expression(value));
        let value = value.take_in(self.ast);
        let statement = Statement::new_return_statement(span, Some(value), self.ast);
        let Some(observed) = self.observed([statement], &sites) else { return };
        let mut statements = ArenaVec::new_in(self.ast);
        statements.push(observed);
        let body = FunctionBody::boxed(SPAN, ArenaVec::new_in(self.ast), statements, self.ast);
        arrow.body = ArrowFunctionBody::FunctionBody(body);
        self.sites = Some(sites);
    }
}

/// Lists the expressions of one statement, and has those looked at that must not be evaluated
/// twice. What is in functions and statements of its own is left alone.
struct Collector<'s, 'a> {
    ast: &'s AstBuilder<'a>,
    sites: Vec<Site>,
    /// Inside `a?.b`, where nothing may be put around a part.
    in_chain: bool,
}

impl<'s, 'a> Collector<'s, 'a> {
    fn of_statement(ast: &'s AstBuilder<'a>, visit: impl FnOnce(&mut Self)) -> Vec<Site> {
        let mut collector = Collector { ast, sites: Vec::new(), in_chain: false };
        visit(&mut collector);
        collector.sites
    }

    /// The number of the site that `expression` is, and of what it is a member of.
    fn site(&mut self, expression: &Expression<'a>) -> Option<usize> {
        // What an import was made of is nothing that the agent wrote.
        let label = label(expression).filter(|label| !label.text.starts_with(INTERNAL))?;
        if let Some(known) = self.sites.iter().position(|site| site.text == label.text) {
            return Some(known);
        }
        let (parent, member) = match (label::member(expression), expression) {
            (Some((object, member)), _) => (self.site(object), member),
            // What a method gives comes of what it is a method of.
            (None, Expression::CallExpression(call)) => match label::member(&call.callee) {
                Some((object, _)) => (self.site(object), None),
                None => (None, None),
            },
            (None, _) => (None, None),
        };
        if let (Some(parent), Some(member)) = (parent, member) {
            self.reads(parent, member);
        }
        if self.sites.len() == SITES_MAX || label.text.chars().count() > TEXT_CHARS_MAX {
            return None;
        }
        let Label { text, is_pure } = label;
        self.sites.push(Site { text, parent, is_pure, ..Site::default() });
        Some(self.sites.len() - 1)
    }

    fn reads(&mut self, site: usize, member: String) {
        let members = &mut self.sites[site].members;
        if !members.contains(&member) {
            members.push(member);
        }
    }

    fn marked(&mut self, expression: &Expression<'a>, mark: impl FnOnce(&mut Site)) {
        if let Some(site) = self.site(expression) {
            mark(&mut self.sites[site]);
        }
    }

    fn called(&mut self, callee: &Expression<'a>) {
        self.marked(callee, |site| site.is_called = true);
    }

    fn iterated(&mut self, expression: &Expression<'a>) {
        self.marked(expression, |site| site.is_iterated = true);
    }

    /// What `{ a, b } = value` reads.
    fn taken_apart(&mut self, value: &Expression<'a>, keys: Vec<String>) {
        if let Some(site) = self.site(value) {
            for key in keys {
                self.reads(site, key);
            }
        }
    }

    /// `expression` as `__workroom.see(site, expression)`.
    fn look_at(&self, site: usize, expression: &mut Expression<'a>) {
        let code = format!("{INTERNAL}.see({site}, 0);");
        let Some(Statement::ExpressionStatement(mut look)) = snippet(self.ast.allocator(), &code)
        else {
            return;
        };
        if let Expression::CallExpression(call) = &mut look.expression
            && let Some(last) = call.arguments.last_mut()
        {
            *last = expression.take_in(self.ast).into();
            *expression = look.unbox().expression;
        }
    }
}

impl<'a> VisitMut<'a> for Collector<'_, 'a> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        let site = self.site(expression);
        let is_looked_at = matches!(
            expression,
            Expression::CallExpression(_)
                | Expression::AwaitExpression(_)
                | Expression::NewExpression(_)
        );
        let in_chain = self.in_chain;
        walk_mut::walk_expression(self, expression);
        if let Some(site) = site
            && is_looked_at
            && !in_chain
        {
            self.look_at(site, expression);
        }
    }

    fn visit_chain_expression(&mut self, chain: &mut ChainExpression<'a>) {
        let outside = std::mem::replace(&mut self.in_chain, true);
        walk_mut::walk_chain_expression(self, chain);
        self.in_chain = outside;
    }

    fn visit_member_expression(&mut self, member: &mut MemberExpression<'a>) {
        // The target of an assignment is no expression, what it is a member of is one.
        let (object, name) = match member {
            MemberExpression::StaticMemberExpression(member) => {
                (&member.object, Some(member.property.name.to_string()))
            }
            MemberExpression::ComputedMemberExpression(member) => {
                (&member.object, key_text(&member.expression))
            }
            MemberExpression::PrivateFieldExpression(member) => (&member.object, None),
        };
        let site = self.site(object);
        let is_looked_at = object.is_member_expression() && !self.in_chain;
        let once = site.filter(|site| is_looked_at && !self.sites[*site].is_pure);
        if let (Some(site), Some(name)) = (site, name) {
            self.reads(site, name);
        }
        walk_mut::walk_member_expression(self, member);
        if let Some(site) = once {
            self.look_at(site, member.object_mut());
        }
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        self.called(&call.callee);
        let callee = label(&call.callee).map(|label| label.text).unwrap_or_default();
        if let Some(first) = call.arguments.first().and_then(|first| first.as_expression()) {
            match callee.as_str() {
                "JSON.parse" => self.marked(first, |site| site.is_parsed = true),
                "Promise.all" | "Promise.allSettled" | "Promise.race" | "Promise.any"
                | "Object.fromEntries" => self.iterated(first),
                _ => {}
            }
        }
        walk_mut::walk_call_expression(self, call);
    }

    fn visit_new_expression(&mut self, new: &mut NewExpression<'a>) {
        self.called(&new.callee);
        if let Some(first) = new.arguments.first().and_then(|first| first.as_expression())
            && matches!(&new.callee, Expression::Identifier(id)
                if id.name == "Map" || id.name == "Set")
        {
            self.iterated(first);
        }
        walk_mut::walk_new_expression(self, new);
    }

    fn visit_spread_element(&mut self, spread: &mut SpreadElement<'a>) {
        self.iterated(&spread.argument);
        walk_mut::walk_spread_element(self, spread);
    }

    fn visit_for_of_statement(&mut self, each: &mut ForOfStatement<'a>) {
        self.iterated(&each.right);
        walk_mut::walk_for_of_statement(self, each);
    }

    fn visit_variable_declarator(&mut self, declarator: &mut VariableDeclarator<'a>) {
        if let Some(value) = &declarator.init {
            match &declarator.id {
                BindingPattern::ObjectPattern(object) => {
                    let keys = object.properties.iter();
                    self.taken_apart(value, keys.filter_map(|p| name_of(&p.key)).collect());
                }
                BindingPattern::ArrayPattern(_) => self.iterated(value),
                _ => {}
            }
        }
        walk_mut::walk_variable_declarator(self, declarator);
    }

    fn visit_assignment_expression(&mut self, assignment: &mut AssignmentExpression<'a>) {
        match &assignment.left {
            AssignmentTarget::ObjectAssignmentTarget(object) => {
                let keys = object.properties.iter().filter_map(|property| {
                    use oxc::ast::ast::AssignmentTargetProperty as P;
                    match property {
                        P::AssignmentTargetPropertyIdentifier(id) => {
                            Some(id.binding.name.to_string())
                        }
                        P::AssignmentTargetPropertyProperty(property) => name_of(&property.name),
                    }
                });
                self.taken_apart(&assignment.right, keys.collect());
            }
            AssignmentTarget::ArrayAssignmentTarget(_) => self.iterated(&assignment.right),
            _ => {}
        }
        walk_mut::walk_assignment_expression(self, assignment);
    }

    fn visit_statement(&mut self, _: &mut Statement<'a>) {}
    fn visit_function(&mut self, _: &mut Function<'a>, _: ScopeFlags) {}
    fn visit_arrow_function_expression(&mut self, _: &mut ArrowFunctionExpression<'a>) {}
    fn visit_class(&mut self, _: &mut Class<'a>) {}
}
