// A load test of bookshop for k6:
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
  {"kind":"make","operation":"createAuthor","method":"POST","path":"/authors","headers":{"Content-Type":"application/json"},"body":"{\"name\":\"name-1\",\"born_on\":\"2024-05-02\",\"website\":\"https://example.com/website/1\"}","want":[201],"save":"authors","pointer":"/id"},
  {"kind":"make","operation":"createBook","method":"POST","path":"/authors/${authors}/books","headers":{"Content-Type":"application/json"},"body":"{\"title\":\"title-5\",\"isbn\":\"9790764390456\",\"genre\":\"poetry\",\"price\":25.5,\"published_on\":\"2024-05-06\",\"tags\":[\"tags-5-0\"]}","want":[201],"save":"books","pointer":"/id"},
  {"kind":"make","operation":"createReview","method":"POST","path":"/books/${books}/reviews","headers":{"Content-Type":"application/json"},"body":"{\"reader\":\"reader-9\",\"rating\":5,\"text\":\"text-9\"}","want":[201],"save":"reviews","pointer":"/id"},
  {"kind":"read","operation":"listAuthors","method":"GET","path":"/authors","want":[200]},
  {"kind":"read","operation":"getAuthor","method":"GET","path":"/authors/${authors}","want":[200]},
  {"kind":"write","operation":"replaceAuthor","method":"PUT","path":"/authors/${authors}","headers":{"Content-Type":"application/json"},"body":"{\"name\":\"name-l\",\"born_on\":\"2024-05-22\",\"website\":\"https://example.com/website/l\"}","want":[200]},
  {"kind":"write","operation":"updateAuthor","method":"PATCH","path":"/authors/${authors}","headers":{"Content-Type":"application/merge-patch+json"},"body":"{\"name\":\"name-p\",\"born_on\":\"2024-05-26\",\"website\":\"https://example.com/website/p\"}","want":[200]},
  {"kind":"read","operation":"listAuthorBooks","method":"GET","path":"/authors/${authors}/books","want":[200]},
  {"kind":"read","operation":"listBooks","method":"GET","path":"/books","want":[200]},
  {"kind":"read","operation":"getBook","method":"GET","path":"/books/${books}","want":[200]},
  {"kind":"write","operation":"replaceBook","method":"PUT","path":"/books/${books}","headers":{"Content-Type":"application/json"},"body":"{\"title\":\"title-15\",\"isbn\":\"9784589815024\",\"genre\":\"children\",\"price\":43.5,\"published_on\":\"2024-06-11\",\"tags\":[\"tags-15-0\"]}","want":[200]},
  {"kind":"write","operation":"updateBook","method":"PATCH","path":"/books/${books}","headers":{"Content-Type":"application/merge-patch+json"},"body":"{\"title\":\"title-19\",\"isbn\":\"9780185901724\",\"genre\":\"fiction\",\"price\":45.5,\"published_on\":\"2024-06-15\",\"tags\":[\"tags-19-0\"]}","want":[200]},
  {"kind":"read","operation":"listReviews","method":"GET","path":"/books/${books}/reviews","want":[200]},
  {"kind":"read","operation":"getReview","method":"GET","path":"/reviews/${reviews}","want":[200]},
  {"kind":"write","operation":"orderBook","method":"POST","path":"/books/${books}/order","headers":{"Content-Type":"application/json"},"body":"{\"copies\":100}","want":[501,202,400,404]},
  {"kind":"clear","operation":"deleteReview","method":"DELETE","path":"/reviews/${reviews}","want":[204]},
  {"kind":"clear","operation":"deleteBook","method":"DELETE","path":"/books/${books}","want":[204]},
  {"kind":"clear","operation":"deleteAuthor","method":"DELETE","path":"/authors/${authors}","want":[204]},
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
