//! The job as an agent does it with Workroom: look around, then one script.
//!
//! The agent reads the index of every server and the file of every function that its script
//! calls, and so knows each name that it uses. A script written by somebody who had seen less
//! would count fewer tokens, and would be no fair comparison.

/// A job, and the calls of Workroom's own tools that do it.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// What the user asks, in full: it fixes the days, and what each word means.
    pub prompt: &'static str,
    /// The queries of `search`, in order, each with the most matches asked for.
    pub searches: &'static [(&'static str, u32)],
    /// The paths of `read_file`, in order.
    pub files_read: &'static [&'static str],
    /// The TypeScript of the one `run_code`.
    pub script: &'static str,
}

/// The job of the world `inventory`.
pub const JOB: Job = Job {
    prompt: "It is 2026-11-20. For every active product of the shop: compare what the \
        marketplace offers (active listings, in pieces) with what the warehouse has available \
        (sellable and not allocated), and say how many pieces are short. Take velocity from \
        what shop and marketplace sold from 2026-10-23 to 2026-11-19 (28 days; cancelled orders \
        and refunded pieces do not count). Demand is velocity times lead time (the article's \
        own, else its supplier's), rounded up. A product sells out if demand is more than what \
        is available and arrives within the lead time (open inbound shipments with a known \
        date). Reorder demand plus safety stock (where none is set: a quarter of the 28 days' \
        sales, rounded up), less what is available and on open purchase orders, rounded up to \
        whole cartons. Return counts, the three worst of each kind, and the totals of the \
        reorder with its cost and its products by category. As `checksum`, start with 0 and for \
        each product by number n set it to (checksum * 31 + n + 3 * short + 7 * missing + 11 * \
        reorder) mod 1000000007.",
    searches: &[("stock, sales and purchase orders of an article", 8)],
    files_read: &[
        "./servers/shop/index.ts",
        "./servers/marketplace/index.ts",
        "./servers/warehouse/index.ts",
        "./servers/accounting/index.ts",
        "./servers/shop/listProducts.ts",
        "./servers/shop/listOrders.ts",
        "./servers/marketplace/listListings.ts",
        "./servers/marketplace/getSalesReport.ts",
        "./servers/warehouse/listStock.ts",
        "./servers/warehouse/listInboundShipments.ts",
        "./servers/accounting/listArticles.ts",
        "./servers/accounting/listSuppliers.ts",
        "./servers/accounting/listPurchaseOrders.ts",
    ],
    script: include_str!("job.ts"),
};
