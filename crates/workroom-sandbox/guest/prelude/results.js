// What passes between runs and to the agent beside the returned value: `show` for images, audio
// and links, `readFile` for results that were kept.

const SHOWN_LEVEL = 5;
const BINARY = /^(image|audio)$/;

const isText = (value) => typeof value === "string";

// How many bytes a base64 text stands for.
function byteLength(base64) {
  let end = base64.length;
  while (end > 0 && base64[end - 1] === "=") end -= 1;
  return floor((end * 3) / 4);
}

// Hides the base64 of a content block: `data` stays readable, and is in no JSON and no listing.
function withoutData(block, key, base64) {
  delete block[key];
  hidden(block, key, base64);
  visible(block, "bytes", byteLength(base64));
}

function keepBlock(block) {
  if (!isObject(block)) return;
  if (isText(block.data) && isText(block.mimeType) && BINARY.test(block.type)) {
    withoutData(block, "data", block.data);
  } else if (block.type === "resource" && isObject(block.resource) && isText(block.resource.blob)) {
    withoutData(block.resource, "blob", block.resource.blob);
  }
}

// Of an answer's content blocks, those that hold binary data keep it to themselves.
function keepBinary(value) {
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) keepBlock(value[i]);
  } else {
    keepBlock(value);
  }
  return value;
}

// The content block of the agent's protocol that `value` stands for.
function contentOf(value) {
  if (!isObject(value)) return undefined;
  const { type, mimeType, annotations } = value;
  if (BINARY.test(type) && isText(value.data) && isText(mimeType)) {
    return { type, data: value.data, mimeType, annotations };
  }
  if (type === "resource_link" && isText(value.uri)) {
    const { uri, name, title, description, size } = value;
    return { type, uri, name: isText(name) ? name : uri, title, description, mimeType, size };
  }
  const { resource } = value;
  if (type === "resource" && isObject(resource) && isText(resource.uri)) {
    const { uri, text, blob } = resource;
    const whole = { uri, mimeType: resource.mimeType, text, blob };
    if (isText(text) || isText(blob)) return { type, resource: whole };
  }
  return undefined;
}

function showOne(value) {
  const content = contentOf(value);
  if (content === undefined) {
    throw new TypeError(
      "show() passes on an image, audio, resource or resource link as a tool gave it, and not " +
        `${inspect(value)}: return or log other values`,
    );
  }
  native.log(SHOWN_LEVEL, stringify(content));
}

// A list is shown entry by entry, without its texts: those can be logged.
provide("show", function show(...values) {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!isArray(value)) {
      showOne(value);
      continue;
    }
    for (let j = 0; j < value.length; j++) {
      if (value[j]?.type !== "text") showOne(value[j]);
    }
  }
});

// ---- files ----

// The gateway itself, as a server without a name.
const OWN_SERVER = "";

function readFile(path) {
  const wanted = isObject(path) ? path.path : path;
  try {
    return native.call(OWN_SERVER, "read_file", { path: wanted });
  } catch (error) {
    return reject(error);
  }
}

provide("readFile", readFile);
provide("read_file", readFile);
