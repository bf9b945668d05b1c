// A load test of messages for k6:
//
//	k6 run deploy/load/load.js
//
// BASE_URL  where the service is, BASE_PATH included (http://localhost:8080)
// RATE      requests a second (20)
// DURATION  for how long (1m)
// P95       milliseconds within which 95 % of requests must be answered (500)
// WRITES    true: requests that change something too; else only those that read
// HEADERS   JSON object with more header fields, such as credentials
//
// All requests come from one client: start the service with RATE_LIMIT=off, and with a database
// for the purpose. Rows that requests are about are created before and deleted after.
import http from "k6/http";

const base = (__ENV.BASE_URL || "http://localhost:8080").replace(/\/+$/, "");
const more = JSON.parse(__ENV.HEADERS || "{}");
const load = __ENV.WRITES === "true" ? ["read", "write"] : ["read"];

export const options = {
  scenarios: {
    load: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE || 20),
      timeUnit: "1s",
      duration: __ENV.DURATION || "1m",
      preAllocatedVUs: 20,
      maxVUs: 500,
    },
  },
  thresholds: {
    "http_req_failed{phase:load}": ["rate<0.01"],
    "http_req_duration{phase:load}": [`p(95)<${Number(__ENV.P95 || 500)}`],
    dropped_iterations: ["count<1"],
  },
};

// In path and body ${name} stands for a value that an earlier answer gave. An
// answer with a status that is not in want has failed.
const requests = [
  {"kind":"make","operation":"createChannel","method":"POST","path":"/channels","headers":{"Content-Type":"application/json"},"body":"{\"topic\":\"topic-1\",\"kind\":\"direct\",\"archived\":false,\"founded_on\":\"2024-05-02\",\"quiet_from\":\"2024-01-15T11:18:00Z\",\"labels\":{\"key1\":\"labels-1-0\"},\"members\":[\"members.1-0@example.com\"],\"name\":\"xv\"}","want":[201],"save":"channels","pointer":"/id"},
  {"kind":"make","operation":"postMessage","method":"POST","path":"/channels/${channels}/messages","headers":{"Content-Type":"application/json"},"body":"{\"content\":{\"type\":\"image\",\"url\":\"https://example.com/url/5\",\"alt\":\"alt-5\",\"size\":{\"width\":24,\"height\":39}},\"author\":{\"bot_id\":51},\"reply_to\":26,\"importance\":0.25,\"pinned\":false,\"attachments\":[{\"name\":\"name-5-0\",\"media_type\":\"mediatype-5-0\",\"data\":\"ZGF0YS01LTA=\",\"checksum\":\"ebebcddfdacaaaceedecafcaeefeaeecbbdcdeadbbebcacfaeeeddbfaffdebdd\"}],\"extra\":\"extra-5\"}","want":[201],"save":"messages","pointer":"/id"},
  {"kind":"read","operation":"listChannels","method":"GET","path":"/channels","want":[200]},
  {"kind":"read","operation":"getChannel","method":"GET","path":"/channels/${channels}","want":[200]},
  {"kind":"write","operation":"updateChannel","method":"PATCH","path":"/channels/${channels}","headers":{"Content-Type":"application/merge-patch+json"},"body":"{\"topic\":\"topic-h\",\"kind\":\"public\",\"archived\":false,\"founded_on\":\"2024-05-18\",\"quiet_from\":\"2024-01-15T11:34:00Z\",\"labels\":{\"key1\":\"labels-h-0\"},\"members\":[\"members.h-0@example.com\"],\"name\":\"ju\"}","want":[200]},
  {"kind":"read","operation":"listMessages","method":"GET","path":"/channels/${channels}/messages","want":[200]},
  {"kind":"read","operation":"getMessage","method":"GET","path":"/channels/${channels}/messages/${messages}","want":[200]},
  {"kind":"write","operation":"replaceMessage","method":"PUT","path":"/channels/${channels}/messages/${messages}","headers":{"Content-Type":"application/json"},"body":"{\"content\":{\"type\":\"image\",\"url\":\"https://example.com/url/t\",\"alt\":\"alt-t\",\"size\":{\"width\":48,\"height\":63}},\"author\":{\"bot_id\":75},\"reply_to\":50,\"importance\":0.25,\"pinned\":false,\"attachments\":[{\"name\":\"name-t-0\",\"media_type\":\"mediatype-t-0\",\"data\":\"ZGF0YS10LTA=\",\"checksum\":\"fcabeceadceaefccefafedfbeccdaafeafceacceaaceeafdabaefcdaeebdcfef\"}],\"extra\":\"extra-t\"}","want":[200]},
  {"kind":"read","operation":"listDeliveries","method":"GET","path":"/channels/${channels}/messages/${messages}/deliveries","want":[501,200]},
  {"kind":"write","operation":"renderContent","method":"POST","path":"/render?width=320","headers":{"Content-Type":"application/json"},"body":"{\"type\":\"text\",\"text\":\"text-11\",\"format\":\"plain\"}","want":[501,200,202]},
  {"kind":"clear","operation":"deleteMessage","method":"DELETE","path":"/channels/${channels}/messages/${messages}","want":[204]},
  {"kind":"clear","operation":"deleteChannel","method":"DELETE","path":"/channels/${channels}","want":[204]},
];

// fill puts what is saved into a request; null when it needs something that is not.
function fill(request, saved) {
  let { path, body } = request;
  for (const [name, value] of Object.entries(saved)) {
    path = path.split("${" + name + "}").join(encodeURIComponent(value));
    body = body && body.split('"${' + name + '}"').join(JSON.stringify(value));
  }
  return path.includes("${") || (body && body.includes("${")) ? null : { ...request, path, body };
}

function send(request, phase) {
  return http.request(request.method, base + request.path, request.body || null, {
    headers: { ...request.headers, ...more },
    tags: { name: request.operation, operation: request.operation, phase },
    responseCallback: http.expectedStatuses(...request.want),
  });
}

// setup creates the rows that the other requests are about, and returns their keys.
export function setup() {
  const saved = {};
  for (const request of requests.filter((r) => r.kind === "make")) {
    const filled = fill(request, saved);
    const answer = filled && send(filled, "setup");
    if (!answer || !request.want.includes(answer.status)) {
      console.warn(`${request.operation}: ${answer ? `status ${answer.status}` : "it needs a row that is not there"}`);
      continue;
    }
    if (request.save) {
      saved[request.save] = request.pointer.split("/").slice(1).reduce((value, name) => value[name], answer.json());
    }
  }
  return saved;
}

export default function (saved) {
  const ready = requests.filter((r) => load.includes(r.kind)).map((r) => fill(r, saved)).filter(Boolean);
  if (ready.length > 0) {
    send(ready[Math.floor(Math.random() * ready.length)], "load");
  }
}

export function teardown(saved) {
  for (const request of requests.filter((r) => r.kind === "clear")) {
    const filled = fill(request, saved);
    if (filled) {
      send(filled, "teardown");
    }
  }
}
