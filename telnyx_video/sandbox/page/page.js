// The page of the sandbox: live view and control. All data from outside is written by
// `textContent`. The data that it keeps is bounded, however long the page is open.

const KEPT = 500; // requests in memory
const SHOWN = 200; // rows in a list
const REFRESH = 400; // milliseconds between two fetches of the same part

const $ = (id) => document.getElementById(id);

/** Create an element with properties and children; strings become text. */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Call the control plane; return the decoded answer, or throw its message. */
async function call(method, path, content) {
  const options = { method, headers: { Accept: "application/json" } };
  if (method !== "GET") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(content ?? {});
  }
  const response = await fetch(`/_sandbox/${path}`, options);
  const text = await response.text();
  const body = text ? JSON.parse(text) : null;
  if (response.ok) return body;
  const details = body?.errors?.map((error) => error.detail) ?? [body?.detail ?? response.statusText];
  throw new Error(details.join("\n"));
}

/** Show a message until the next click or key. */
function notify(message) {
  $("notice").textContent = message;
}

function clearNotice({ target }) {
  if (!$("notice").contains(target)) notify("");
}

/** Wrap a handler so that its error is shown. */
const guarded = (action) => async (event) => {
  event?.preventDefault?.();
  try {
    await action(event);
  } catch (error) {
    notify(error.message);
  }
};

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    notify(`Copied ${what}.`);
  } catch {
    const area = h("textarea", { readonly: true, "aria-label": what, rows: "4" });
    area.value = text;
    $("notice").replaceChildren(`Copy ${what} from here: `, area);
    area.focus();
    area.select();
  }
}

/** Return a path without percent escapes, where they are valid. */
function readable(path) {
  let text = path;
  try {
    text = decodeURIComponent(path);
  } catch { /* shown unchanged */ }
  return abbreviated(text, 300);
}

const shortTime = (iso) => iso.slice(11, 23);
const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const abbreviated = (text, most) => (text.length > most ? `${text.slice(0, most)}…` : text);

// ---------------------------------------------------------------------------------- the address

const state = {
  view: "requests", q: "", operation: "", status: "", state: "", request: "", delivery: "",
};

function readAddress() {
  const parameters = new URLSearchParams(location.search);
  for (const name of Object.keys(state)) state[name] = parameters.get(name) ?? "";
  if (!document.querySelector(`nav [data-view="${CSS.escape(state.view)}"]`)) state.view = "requests";
}

function writeAddress(changes, push = false) {
  Object.assign(state, changes);
  const parameters = new URLSearchParams(
    Object.entries(state).filter(([name, value]) => value && !(name === "view" && value === "requests")),
  );
  const address = parameters.size ? `?${parameters}` : location.pathname;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

// ------------------------------------------------------------------------------------- requests

let requests = []; // newest first
const operations = new Set();
let lastMissed = 0;

function outcomeOf(status) {
  if (status === undefined) return "cut";
  if (status < 300) return "ok";
  return status >= 400 && status < 500 ? "refused" : "failed";
}

function matches(request) {
  if (state.operation && request.operation !== state.operation) return false;
  if (state.status === "cut" && request.status !== undefined) return false;
  if (state.status === "fault" && !request.fault) return false;
  if (/^[245]$/.test(state.status) && Math.floor((request.status ?? 0) / 100) !== Number(state.status)) return false;
  const wanted = state.q.toLowerCase();
  return !wanted || `${request.path} ${readable(request.path)} ${request.name ?? ""} ${request.request_id ?? ""}`.toLowerCase().includes(wanted);
}

function requestRow(request) {
  const button = h("button", {
    type: "button",
    "data-number": request.number,
    "aria-current": String(request.number) === state.request ? "true" : null,
    onclick: guarded(() => openRequest(request.number)),
  },
    h("time", { datetime: request.at }, shortTime(request.at)),
    h("span", { class: "method" }, request.method),
    h("span", { class: "path" }, readable(request.path), ...(request.name ? [" ", h("bdi", { class: "name" }, request.name)] : [])),
    h("span", { class: "fault" }, ...(request.fault ? [h("span", { class: "pill cut" }, abbreviated(request.fault, 60))] : [])),
    h("span", { class: `pill ${outcomeOf(request.status)}` }, request.status === undefined ? "cut" : String(request.status)),
    h("span", { class: "ms" }, `${request.milliseconds.toFixed(2)} ms`),
  );
  return h("li", {}, button);
}

function addOperations(added) {
  const select = document.querySelector("#requests select[name=operation]");
  for (const { operation } of added) {
    if (operations.has(operation) || operations.size >= 60) continue;
    operations.add(operation);
    select.append(h("option", { value: operation }, operation));
  }
  if (select.value !== state.operation) select.value = state.operation;
}

function prependRequests(added) {
  addOperations(added);
  requests = [...added.slice().reverse(), ...requests].slice(0, KEPT);
  const list = $("request-list");
  const rows = added.filter(matches).slice(-SHOWN).reverse().map(requestRow);
  if (rows.length) list.querySelector(".empty")?.remove();
  list.prepend(...rows);
  while (list.children.length > SHOWN) list.lastElementChild.remove();
  showEmpty(list, "No request matches.");
}

function renderRequests() {
  const list = $("request-list");
  list.replaceChildren(...requests.filter(matches).slice(0, SHOWN).map(requestRow));
  showEmpty(list, "No request matches.");
}

function showEmpty(list, text) {
  if (!list.children.length) list.append(h("li", { class: "empty" }, text));
}

function select(list, attribute, value) {
  for (const button of list.querySelectorAll("button[aria-current]")) button.removeAttribute("aria-current");
  list.querySelector(`button[${attribute}="${CSS.escape(String(value))}"]`)?.setAttribute("aria-current", "true");
}

function closeDetail(id, list, name) {
  $(id).replaceChildren();
  $(id).parentElement.classList.remove("open");
  const button = $(list).querySelector("button[aria-current]");
  button?.removeAttribute("aria-current");
  button?.focus();
  writeAddress({ [name]: "" });
}

function detailTop(title, close, ...buttons) {
  return h("div", { class: "top" }, h("h3", {}, abbreviated(title, 2000)), ...buttons,
    h("button", { type: "button", class: "small", "aria-label": "Close details", onclick: close }, "Close"));
}

function facts(entries) {
  const list = h("dl");
  for (const [name, value] of entries) {
    if (value !== null && value !== undefined && value !== "") list.append(h("dt", {}, name), h("dd", {}, String(value)));
  }
  return list;
}

function bodyBlock(title, body, size) {
  if (body === null || body === undefined) return null;
  const cut = size > 65536 ? ` (the first 64 KiB of ${size} bytes)` : "";
  return h("div", {}, h("h4", {}, title + cut), h("pre", { tabindex: "0" }, pretty(body)));
}

async function openRequest(number, focus = true) {
  const { request } = await call("GET", `requests/${encodeURIComponent(number)}`);
  writeAddress({ request: String(number) });
  select($("request-list"), "data-number", number);
  const close = () => closeDetail("request-detail", "request-list", "request");
  const copyCurl = h("button", { type: "button", class: "small", onclick: () => copy(asCurl(request), "the curl command") }, "Copy as curl");
  const detail = $("request-detail");
  detail.replaceChildren(...[
    detailTop(`${request.method} ${request.path}`, close, copyCurl),
    facts([
      ["Status", request.status ?? "none: the connection was cut"],
      ["Fault", request.fault], ["Effect", request.effect],
      ["Operation", request.operation], ["Time", request.at],
      ["Duration", `${request.milliseconds} ms`], ["Request id", request.request_id],
    ]),
    bodyBlock("Request body", request.body, request.body_size),
    bodyBlock("Answer", request.reply, request.reply_size),
  ].filter(Boolean));
  detail.parentElement.classList.add("open");
  if (focus) detail.focus({ preventScroll: true });
}

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Return a curl command that repeats a request; the key comes from the environment. */
function asCurl(request) {
  const parts = [`curl -X ${request.method} ${shellQuoted(new URL(request.path, info.url).href)}`];
  if (!request.path.startsWith("/media/")) parts.push('-H "Authorization: Bearer $TELNYX_API_KEY"');
  if (request.body !== null && request.body !== undefined) {
    const text = typeof request.body === "string" ? request.body : JSON.stringify(request.body);
    parts.push(`-H ${shellQuoted(`Content-Type: ${request.content_type || "application/json"}`)}`);
    parts.push(`--data-raw ${shellQuoted(text)}`);
  }
  return parts.join(" \\\n  ");
}

// ---------------------------------------------------------------------------------------- rooms

function actionButton(label, what, action) {
  return h("button", { type: "button", class: "small", "aria-label": `${label} ${what}`, onclick: guarded(action) }, label);
}

function roomCard(room) {
  const name = abbreviated(room.unique_name ?? "No name", 200);
  const [session] = room.sessions;
  const active = session?.active ? session : null;
  const present = active ? active.participants.filter((member) => !member.left_at) : [];
  const members = (active ?? session)?.participants ?? [];
  const act = (verb, content) => () => call("POST", `rooms/${room.id}/${verb}`, content);
  const settings = [`${present.length} of ${room.max_participants} places`, room.enable_recording ? "recorded" : null,
    room.webhook_event_url ? "has a webhook" : null].filter(Boolean).join(" · ");
  const shown = members.slice(-30).map((member) => {
    const who = abbreviated(member.context ?? member.id, 200);
    const controls = member.left_at
      ? [h("span", { class: "pill plain" }, "left")]
      : [
        actionButton(member.muted ? "Unmute" : "Mute", who, act("mute", { participant_id: member.id, muted: !member.muted })),
        actionButton("Leave", who, act("leave", { participant_id: member.id })),
      ];
    return h("li", {}, h("span", { class: "name" }, who), member.muted && !member.left_at ? h("span", { class: "pill refused" }, "muted") : null, ...controls);
  });
  return h("li", { class: "card" },
    h("div", { class: "top" },
      h("h3", {}, name),
      h("span", { class: `pill ${active ? "ok" : "plain"}` }, active ? "session active" : session ? "session ended" : "no session"),
      h("span", { class: "hint" }, settings),
      h("span", { class: "id" }, room.id),
      h("div", { class: "buttons" },
        actionButton("Join", name, act("join", { context: `Guest ${members.length + 1}` })),
        active ? actionButton("End session", `of ${name}`, act("end")) : null,
      ),
    ),
    shown.length ? h("ul", {}, ...shown) : null,
  );
}

/** Replace the children of a list; keep the focus on the button with the same label. */
function replaceKeepingFocus(list, children) {
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  list.replaceChildren(...children);
  if (focused) [...list.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === focused)?.focus();
}

/** Wait until no button is pressed: a button replaced before its release gets no click. */
async function buttonsReleased() {
  while (document.querySelector("button:active")) await new Promise(requestAnimationFrame);
}

async function loadRooms() {
  const { rooms, total } = await call("GET", "rooms");
  await buttonsReleased();
  $("room-total").textContent = String(total);
  updateWelcome(total);
  if (state.view !== "rooms") return;
  replaceKeepingFocus($("room-list"), rooms.map(roomCard));
  showEmpty($("room-list"), "No rooms yet.");
  if (total > rooms.length) $("room-list").append(h("li", { class: "empty" }, `The newest ${rooms.length} of ${total} rooms are shown.`));
}

// ----------------------------------------------------------------------------------- deliveries

let deliveries = [];
const STATES = { delivered: "ok", pending: "plain", failed: "failed", not_sent: "refused" };

function deliveryRow(delivery) {
  const last = delivery.attempts.at(-1);
  return h("li", {}, h("button", {
    type: "button",
    "data-event": delivery.event_id,
    "aria-label": `${delivery.event_type} ${delivery.event_id}`,
    "aria-current": delivery.event_id === state.delivery ? "true" : null,
    onclick: () => openDelivery(delivery.event_id),
  },
    h("time", { datetime: delivery.occurred_at }, shortTime(delivery.occurred_at)),
    h("span", { class: "method" }, `${delivery.attempts.length}×`),
    h("span", { class: "path" }, `${delivery.event_type.replace("video.room.", "")} → ${abbreviated(delivery.url, 200)}`),
    h("span"),
    h("span", { class: `pill ${STATES[delivery.state]}` }, delivery.state.replace("_", " ")),
    h("span", { class: "ms" }, last?.status ? String(last.status) : ""),
  ));
}

async function loadDeliveries() {
  if (state.view !== "deliveries") return;
  const parameters = state.state ? `?limit=${SHOWN}&state=${encodeURIComponent(state.state)}` : `?limit=${SHOWN}`;
  const loaded = await call("GET", `deliveries${parameters}`);
  await buttonsReleased();
  deliveries = loaded.deliveries.reverse();
  replaceKeepingFocus($("delivery-list"), deliveries.map(deliveryRow));
  showEmpty($("delivery-list"), "No webhooks: they are sent for rooms that have a webhook URL.");
  if (state.delivery) openDelivery(state.delivery, false);
}

function attemptBlock(attempt, index) {
  const headers = Object.entries(attempt.headers ?? {}).map(([name, value]) => `${name}: ${value}`).join("\n");
  const body = attempt.body ? JSON.parse(attempt.body) : null;
  return h("div", { class: "attempt" },
    h("h4", {}, `Attempt ${index + 1}${attempt.replay ? ", redelivered" : ""}`),
    facts([["Answer", attempt.status ?? attempt.error], ["To", attempt.url], ["Time", attempt.at],
      ["Duration", attempt.milliseconds === undefined ? null : `${attempt.milliseconds} ms`]]),
    attempt.answer ? bodyBlock("Body of the answer", attempt.answer) : null,
    headers ? bodyBlock("Headers sent", headers) : null,
    body ? bodyBlock("Body sent", body) : null,
  );
}

function openDelivery(eventId, focus = true) {
  const delivery = deliveries.find((one) => one.event_id === eventId);
  if (!delivery) return;
  writeAddress({ delivery: eventId });
  select($("delivery-list"), "data-event", eventId);
  const close = () => closeDetail("delivery-detail", "delivery-list", "delivery");
  const again = h("button", {
    type: "button", class: "small", disabled: delivery.state === "pending",
    onclick: guarded(async () => { await call("POST", `deliveries/${eventId}/redeliver`); notify("Redelivered."); }),
  }, "Redeliver");
  const detail = $("delivery-detail");
  const scrolled = detail.scrollTop;
  detail.replaceChildren(
    detailTop(delivery.event_type, close, again),
    facts([["State", delivery.state.replace("_", " ")], ["Event", delivery.event_id], ["Room", delivery.room_id], ["Occurred", delivery.occurred_at]]),
    ...delivery.attempts.map(attemptBlock).reverse(),
  );
  detail.scrollTop = scrolled;
  detail.parentElement.classList.add("open");
  if (focus) detail.focus({ preventScroll: true });
}

// --------------------------------------------------------------------------------------- faults

let kinds = null;
let planIsEdited = false;

async function loadFaults() {
  const { plan, done } = await call("GET", "faults");
  if (!planIsEdited) $("plan").value = JSON.stringify(plan, null, 2);
  const rows = Object.entries(done).map(([name, count]) => h("tr", {}, h("td", {}, name), h("td", {}, String(count))));
  $("done").tBodies[0].replaceChildren(...(rows.length ? rows : [h("tr", {}, h("td", { colspan: "2" }, "None"))]));
}

async function loadKinds() {
  kinds = await call("GET", "faults/kinds");
  const form = $("add-fault");
  form.elements.on.replaceChildren(...kinds.operations.map((name) => h("option", { value: name }, name === "*" ? "All requests" : name)));
  const statuses = ["429", "500", "502", "503", "504"];
  form.elements.fault.replaceChildren(
    h("optgroup", { label: "Named" }, ...Object.keys(kinds.shorthands).map((name) => h("option", { value: name }, name))),
    h("optgroup", { label: "Status" }, ...statuses.map((status) => h("option", { value: status }, status))),
  );
  form.elements.fault.value = "lost";
  describeFault();
}

function describeFault() {
  const form = $("add-fault");
  const fault = form.elements.fault.value;
  const fields = kinds.shorthands[fault] ?? { status: Number(fault) };
  $("fault-meaning").textContent = `${fault}: ${JSON.stringify(fields)}`;
  form.elements.probability.parentElement.hidden = form.elements.mode.value !== "draw";
}

function readPlan() {
  try {
    return JSON.parse($("plan").value || "[]");
  } catch (error) {
    throw new Error(`The plan is not JSON: ${error.message}`);
  }
}

async function applyPlan(plan) {
  try {
    await call("POST", "faults", plan);
  } catch (error) {
    $("plan-errors").textContent = error.message;
    return;
  }
  $("plan-errors").textContent = "";
  planIsEdited = false;
  await loadFaults();
}

/** Return JSON data as a Python literal. */
function asPython(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(asPython).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, inside]) => `${JSON.stringify(name)}: ${asPython(inside)}`).join(", ")}}`;
  return JSON.stringify(value);
}

async function loadOutage() {
  const { kind } = await call("GET", "outage");
  const texts = { 503: "Every request is answered 503", refuse: "Connections are refused" };
  $("outage-state").textContent = texts[kind] ?? "None";
  $("outage-state").className = `state ${kind ? "bad" : "good"}`;
}

// ---------------------------------------------------------------------------------------- chart

const OUTCOMES = ["ok", "refused", "failed", "cut"];

function drawChart(seconds) {
  const svg = $("chart");
  const sums = seconds.map((counts) => OUTCOMES.reduce((sum, name) => sum + (counts[name] ?? 0), 0));
  const most = Math.max(1, ...sums);
  const width = 600 / seconds.length;
  const bars = [];
  seconds.forEach((counts, index) => {
    let top = 72;
    for (const name of OUTCOMES) {
      const height = ((counts[name] ?? 0) / most) * 68;
      if (!height) continue;
      top -= height;
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      bar.setAttribute("class", name);
      bar.setAttribute("x", (index * width + 1).toFixed(1));
      bar.setAttribute("y", top.toFixed(1));
      bar.setAttribute("width", (width - 2).toFixed(1));
      bar.setAttribute("height", height.toFixed(1));
      bars.push(bar);
    }
  });
  svg.replaceChildren(...bars);
  // The current second has not ended; the one before it is the rate.
  $("rate").textContent = String(sums.at(-2) ?? 0);
  svg.setAttribute("aria-label", `Requests a second by outcome; at most ${most} in the last minute`);
}

// ----------------------------------------------------------------------------------------- live

let info = { url: location.origin, api_key: null };
let paused = false;
let waiting = []; // updates received while paused
let seenRequests = 0;

const loaders = { rooms: loadRooms, deliveries: loadDeliveries, faults: loadFaults, outage: loadOutage };
const scheduled = new Set();

/** Load a part soon, at most once in an interval. */
function refresh(part) {
  if (scheduled.has(part)) return;
  scheduled.add(part);
  setTimeout(async () => {
    scheduled.delete(part); // a change during the load causes another load
    try {
      await loaders[part]();
    } catch { /* the connection is lost; everything is loaded again after a reconnect */ }
  }, REFRESH);
}

function apply(update) {
  if (update.fresh) {
    requests = [];
    renderRequests();
  } else if (requests.length && requests.at(-1).number <= update.cleared) {
    requests = requests.filter((request) => request.number > update.cleared);
    renderRequests();
  }
  prependRequests(update.requests);
  lastMissed = update.fresh ? 0 : lastMissed + update.missed;
  $("missed").textContent = lastMissed ? `${lastMissed} requests came faster than the log keeps them.` : "";
  seenRequests = update.total;
  $("total").textContent = String(update.total);
  drawChart(update.outcomes);
  for (const part of update.changed) refresh(part);
  updateWelcome();
}

function receive(update) {
  if (!paused) {
    apply(update);
    return;
  }
  // While paused, updates are merged into one, with as many requests as the page keeps.
  const before = waiting.pop();
  if (before && !update.fresh) {
    update = {
      ...update, fresh: before.fresh, missed: before.missed + update.missed,
      requests: [...before.requests, ...update.requests].slice(-KEPT),
      changed: [...new Set([...before.changed, ...update.changed])],
    };
  }
  waiting = [update];
  const count = update.requests.length;
  $("pause").textContent = count ? `Resume (${count} new)` : "Resume";
}

function togglePause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) waiting.splice(0).forEach(apply);
}

function connect() {
  const stream = new EventSource("/_sandbox/stream");
  const show = (text, kind) => {
    $("connection").textContent = text;
    $("connection").className = `state ${kind}`;
  };
  stream.onopen = () => {
    show("Live", "good");
    Object.keys(loaders).forEach(refresh);
  };
  stream.onmessage = ({ data }) => receive(JSON.parse(data));
  stream.onerror = () => {
    show("Connection lost, retrying", "bad");
    if (stream.readyState === EventSource.CLOSED) {
      stream.close();
      setTimeout(connect, 1000);
    }
  };
}

// -------------------------------------------------------------------------------------- welcome

let roomTotal = 0;

function updateWelcome(total = roomTotal) {
  roomTotal = total;
  const first = !seenRequests && !roomTotal && state.view === "requests";
  $("welcome").hidden = !first;
  $("requests").hidden = first || state.view !== "requests";
}

async function loadInfo() {
  info = await call("GET", "info");
  $("url").textContent = info.url;
  const key = info.api_key ?? "THE-KEY-OF-THIS-SANDBOX";
  $("exports").textContent = `export TELNYX_BASE_URL=${info.url}\nexport TELNYX_API_KEY=${key}`;
  $("example").textContent = [
    "from telnyx_video import RoomsClient", "", "with RoomsClient() as rooms:",
    '    print(rooms.create(unique_name="standup"))',
  ].join("\n");
}

// ----------------------------------------------------------------------------------- navigation

function showView() {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== state.view;
  const [requestFilters, deliveryFilters] = [document.querySelector("#requests form"), document.querySelector("#deliveries form")];
  requestFilters.elements.q.value = state.q;
  requestFilters.elements.status.value = state.status;
  requestFilters.elements.operation.value = state.operation;
  deliveryFilters.elements.state.value = state.state;
  updateWelcome();
  if (state.view === "requests") {
    renderRequests();
    if (state.request) openRequest(state.request, false).catch(() => writeAddress({ request: "" }));
  } else if (state.view in loaders) refresh(state.view);
}

/** Move between the rows of a list with the arrow keys. */
function moveByArrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const buttons = [...event.currentTarget.querySelectorAll(":scope > li > button")];
  const next = buttons[buttons.indexOf(document.activeElement) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

function bind() {
  for (const link of document.querySelectorAll("nav a")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      writeAddress({ view: link.dataset.view }, true);
      showView();
    });
  }
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, clearNotice);
  addEventListener("popstate", () => { readAddress(); showView(); });
  for (const id of ["request-list", "delivery-list"]) $(id).addEventListener("keydown", moveByArrows);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (state.view === "requests" && state.request) closeDetail("request-detail", "request-list", "request");
    if (state.view === "deliveries" && state.delivery) closeDetail("delivery-detail", "delivery-list", "delivery");
  });
  const filters = document.querySelector("#requests form");
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("input", () => {
    const { q, operation, status } = filters.elements;
    writeAddress({ q: q.value, operation: operation.value, status: status.value });
    renderRequests();
  });
  document.querySelector("#deliveries form").addEventListener("input", guarded((event) => {
    writeAddress({ state: event.target.value });
    return loadDeliveries();
  }));
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy($(button.dataset.copy).textContent, "the lines"));
  }
  $("pause").addEventListener("click", togglePause);
  $("reset").addEventListener("click", guarded(async () => {
    if ($("reset").textContent === "Reset") {
      $("reset").textContent = "Forget everything?";
      $("reset").focus(); // not every browser does; the next click elsewhere cancels the confirmation
      return;
    }
    $("reset").textContent = "Reset";
    await call("POST", "reset");
    notify("The sandbox has been reset.");
  }));
  $("reset").addEventListener("blur", () => { $("reset").textContent = "Reset"; });
  $("create-room").addEventListener("submit", guarded(async () => {
    const form = $("create-room");
    const { unique_name: name, max_participants: places, enable_recording: recording, webhook_event_url: url } = form.elements;
    const content = { max_participants: Number(places.value), enable_recording: recording.checked };
    if (name.value) content.unique_name = name.value;
    if (url.value) content.webhook_event_url = url.value;
    await call("POST", "rooms", content);
    name.value = "";
  }));
  $("redeliver-failed").addEventListener("click", guarded(async () => {
    const { redelivered } = await call("POST", "deliveries/redeliver");
    notify(`${redelivered} redelivered.`);
  }));
  $("add-fault").addEventListener("input", describeFault);
  $("add-fault").addEventListener("submit", guarded(async () => {
    const { on, fault, mode, probability } = $("add-fault").elements;
    const chosen = /^\d+$/.test(fault.value) ? Number(fault.value) : fault.value;
    const rule = { on: on.value };
    if (mode.value === "draw") rule.draw = [{ fault: chosen, probability: Number(probability.value) }];
    else rule.faults = [chosen];
    if (mode.value === "repeat") rule.repeat = true;
    await applyPlan([...readPlan(), rule]);
  }));
  $("plan").addEventListener("input", () => { planIsEdited = true; });
  $("apply-plan").addEventListener("click", guarded(() => applyPlan(readPlan())));
  $("clear-plan").addEventListener("click", guarded(() => applyPlan([])));
  $("copy-json").addEventListener("click", guarded(() => copy(JSON.stringify(readPlan(), null, 2), "the plan")));
  $("copy-marker").addEventListener("click", guarded(() => copy(`@pytest.mark.telnyx_sandbox(faults=${asPython(readPlan())})`, "the marker")));
  $("outage").addEventListener("submit", guarded(() => {
    const { kind, seconds } = $("outage").elements;
    return call("POST", "outage", { kind: kind.value, seconds: Number(seconds.value) });
  }));
  $("end-outage").addEventListener("click", guarded(() => call("POST", "outage", { seconds: 0 })));
}

readAddress();
bind();
showView();
guarded(async () => { await Promise.all([loadInfo(), loadKinds(), loadOutage()]); })();
connect();
