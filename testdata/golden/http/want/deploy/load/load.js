// A load test of http for k6:
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
  {"kind":"read","operation":"readPath","method":"GET","path":"/styles/x/.x/;matrix=x","want":[501,204,400]},
  {"kind":"read","operation":"readQuery","method":"GET","path":"/styles","want":[501,200]},
  {"kind":"read","operation":"readFree","method":"GET","path":"/free","want":[501,204]},
  {"kind":"read","operation":"getFile","method":"GET","path":"/files/value-4","want":[501,200]},
  {"kind":"write","operation":"copyFile","method":"POST","path":"/files/value-4:copy","want":[501,204]},
  {"kind":"write","operation":"sendMessage","method":"POST","path":"/queue/?Action=Send","want":[501,204]},
  {"kind":"write","operation":"receiveMessage","method":"POST","path":"/queue/?Action=Receive","want":[501,204]},
  {"kind":"write","operation":"createCharge","method":"POST","path":"/charges","headers":{"Content-Type":"application/x-www-form-urlencoded"},"body":"amount=50&callback=https%3A%2F%2Fexample.com%2Fcallback%2Ft&codes=33&lines%5B0%5D%5Bprice%5D=price-t-0&lines%5B0%5D%5Bquantity%5D=107&metadata%5Bkey1%5D=metadata-t-0","want":[501,200]},
  {"kind":"write","operation":"addPoint","method":"POST","path":"/points","headers":{"Content-Type":"application/json"},"body":"{\"x\":118,\"y\":17.5,\"name\":\"name-x\"}","want":[501,201]},
  {"kind":"write","operation":"upload","method":"POST","path":"/uploads","headers":{"Content-Type":"multipart/form-data; boundary=apigen"},"body":"--apigen\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\ntitle-11\r\n--apigen\r\nContent-Disposition: form-data; name=\"point[x]\"\r\n\r\n122\r\n--apigen\r\nContent-Disposition: form-data; name=\"point[y]\"\r\n\r\n19.5\r\n--apigen\r\nContent-Disposition: form-data; name=\"point[name]\"\r\n\r\nname-11\r\n--apigen\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\ntags-11-0\r\n--apigen\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\ncontent\r\n--apigen--\r\n","want":[501,204]},
  {"kind":"write","operation":"importPoints","method":"POST","path":"/import","headers":{"Content-Type":"application/x-ndjson"},"body":"{\"x\":134,\"y\":25.5,\"name\":\"name-1d\"}","want":[501,204]},
  {"kind":"write","operation":"sendLetter","method":"POST","path":"/letters","headers":{"Content-Type":"application/json"},"body":"{\"copies\":96,\"to\":[\"to-1h-0\"],\"lines\":[\"lines-1h-0\"],\"subject\":\"subject-1h\",\"enclosed\":{\"copies\":96,\"to\":[\"to-1h-0\"],\"lines\":[\"lines-1h-0\"],\"subject\":\"subject-1h\",\"stamps\":{\"key1\":{\"price\":45,\"currency\":\"USD\"}},\"paper\":\"paper-1h\"},\"stamps\":{\"key1\":{\"price\":45,\"currency\":\"USD\"}},\"paper\":\"paper-1h\"}","want":[501,200,202]},
  {"kind":"write","operation":"sendTelegram","method":"PUT","path":"/telegrams","headers":{"Content-Type":"text/xml"},"body":"<Telegram xmlns=\"urn:example:telegram\" urgent=\"true\">text-1l</Telegram>","want":[501,200]},
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
