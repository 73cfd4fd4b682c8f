// `pii`: questions about masked values. A script has tokens such as "[customer_email_1]"; the host
// has the values, and answers what it may.

const askPii = (question, rest) => {
  try {
    return native.call(OWN_SERVER, "pii", { question, ...rest });
  } catch (error) {
    return reject(error);
  }
};

const aboutOne = (question) => (token) => askPii(question, { token });

// The items in the order of their values: of tokens themselves, or of what `by` gives of each.
async function sortPii(items, by) {
  if (!isArray(items)) {
    throw new TypeError("pii.sort takes an array of tokens, or of items and what gives their token");
  }
  const list = slicedArray(items);
  const tokens = [];
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    push(tokens, typeof by === "function" ? by(item) : isObject(item) ? item[by] : item);
  }
  const order = await askPii("sort", { tokens });
  const sorted = [];
  for (let i = 0; i < order.length; i++) push(sorted, list[order[i]]);
  return sorted;
}

provide("pii", freeze({
  domain: aboutOne("domain"),
  last4: aboutOne("last4"),
  year: aboutOne("year"),
  age: aboutOne("age"),
  initials: aboutOne("initials"),
  same: (token, other) => askPii("same", { token, other }),
  format: (token, pattern) => askPii("format", { token, pattern }),
  sort: sortPii,
  register: (value, kind) => askPii("register", { value, kind }),
}));
