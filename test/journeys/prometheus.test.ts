import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SERVER_NAME } from "@edgemere/protocol";
import { connectAsync } from "mqtt";
import { parse, stringify } from "yaml";
import { noPrometheus, noPromtool, promtool, startPrometheus, type Prometheus } from "../world/prometheus.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const deploy = join(import.meta.dirname, "../../../deploy");
const rulesFile = join(deploy, "prometheus/edgemere-alerts.yaml");
const dashboards = join(deploy, "grafana/dashboards");
const FLEET = ["cpu.busy_percent", "memory.used_percent", "filesystem.used_percent", "network.*"];
const PERMISSION = "metrics:read";

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
interface Dashboard {
  readonly title: string;
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[];
  };
}

let world: World;
let token: string;
before(async () => {
  const flags = [
    ...FLEET.flatMap((metric) => ["--metrics-fleet", metric]),
    "--metrics-port",
    "0",
    "--metrics-label",
    "site",
  ];
  world = await startWorld({ devices: 3, labels: { site: 'ber"lin\\\n' }, controlPlane: { flags } });
  token = (await tokenFor(PERMISSION)) ?? "";
  await world.client.call("ops/backup/create", {});
  await beRefused();
  await eventually(async () => {
    const backups = await world.client.call("ops/backup/list", {});
    return backups.items.some(({ state }) => state === "ready") && (await metricsText()).includes("telemetry_cpu");
  }, "a backup, and telemetry in /metrics");
});
after(() => world[Symbol.asyncDispose]());

const tokenFor = async (permission: string) =>
  (
    await world.client.call("ia/token/create", {
      name: `for ${permission} ${performance.now()}`,
      permissions: [permission],
    })
  ).token;
const metricsOf = (headers: Readonly<Record<string, string>>) => fetch(`${world.baseUrl}/metrics`, { headers });
const metricsText = async (accept = "*/*") => (await metricsOf({ authorization: `Bearer ${token}`, accept })).text();

test("who shows no token, or one for something else, gets no figures", async () => {
  const other = await tokenFor("telemetry:read");

  assert.equal((await metricsOf({})).status, 401);
  assert.equal((await metricsOf({ authorization: `Bearer ${other}` })).status, 403);
  const answer = await metricsOf({ authorization: `Bearer ${token}` });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
});

test("every metric that a dashboard or an alert asks for is given", async () => {
  const given = new Set(
    [...(await metricsText()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", type]) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  const asked = [...rules(), ...queries()].flatMap(({ expr }) => metricsIn(expr));

  assert.ok(asked.length > 50);
  assert.deepEqual(
    [...new Set(asked)].filter((name) => !given.has(name)),
    [],
  );
});

test("promtool finds nothing wrong with the figures and the rules", { skip: noPromtool }, async () => {
  promtool(["check", "metrics"], await metricsText());
  promtool(["check", "rules", rulesFile]);
});

test("an event loop that is late for minutes is told of, and one long wait is not", { skip: noPromtool }, async () => {
  const expr = 'ALERTS{alertname="EdgemereEventLoopLate", alertstate="firing"}';
  const firing = expr.replace("}", ', job="centre", severity="warning"}');
  const lag = (values: string, exp_samples: readonly object[]) => ({
    interval: "15s",
    input_series: [{ series: 'edgemere_event_loop_lag_seconds{job="centre"}', values }],
    promql_expr_test: [{ expr, eval_time: "12m", exp_samples }],
  });
  const file = join(world.folder, "late.yaml");
  const tests = [lag("1.2x60", [{ labels: firing, value: 1 }]), lag("0.1x30 5 0.1x30", [])];
  await writeFile(file, stringify({ rule_files: [rulesFile], tests }));

  promtool(["test", "rules", file]);
});

test(
  "a child that is nearly at its room, or is refused, is told of by name, and one that has room is not",
  {
    skip: noPromtool,
  },
  async () => {
    const about = (child: string) => `job="centre", child="${child}"`;
    const used = (child: string, values: string) => ({
      series: `edgemere_child_room_used_bytes{${about(child)}}`,
      values,
    });
    const room = (child: string) => ({ series: `edgemere_child_room_bytes{${about(child)}}`, values: "100x60" });
    const refused = (child: string, values: string) => ({
      series: `edgemere_child_refused_hours_total{${about(child)}, reason="no-room"}`,
      values,
    });
    const firing = (alertname: string, more: string) => ({
      expr: `ALERTS{alertname="${alertname}", alertstate="firing"}`,
      eval_time: "40m",
      exp_samples: [
        { labels: `ALERTS{alertname="${alertname}", alertstate="firing", severity="warning", ${more}}`, value: 1 },
      ],
    });
    const input_series = [
      used("full", "80 91x60"),
      used("roomy", "89x60"),
      room("full"),
      room("roomy"),
      refused("full", "0x30 4x30"),
      refused("roomy", "7x60"),
    ];
    const tests = [
      {
        interval: "1m",
        input_series,
        promql_expr_test: [
          firing("EdgemereChildRoom", about("full")),
          firing("EdgemereChildRefused", `${about("full")}, reason="no-room"`),
        ],
      },
    ];
    const file = join(world.folder, "children.yaml");
    await writeFile(file, stringify({ rule_files: [rulesFile], tests }));

    promtool(["test", "rules", file]);
  },
);

test(
  "Prometheus reads both doors, and answers every query of every dashboard and rule",
  { skip: noPrometheus },
  async () => {
    await using prometheus = await startPrometheus(join(world.folder, "prometheus"), await scraping());
    await eventually(async () => {
      const jobs = await prometheus.query("count by (job) (edgemere_build_info)");
      return jobs.length === 2;
    }, "both doors to be read").catch(async (error: unknown) => {
      throw new Error(JSON.stringify(await prometheus.targets()), { cause: error });
    });
    const [info] = await prometheus.query('edgemere_device_info{job="tls"}');
    assert.equal(info?.metric["label_site"], 'ber"lin\\\n');

    // Of what is asked for there is something to see; a rule that fires at once is one too many.
    for (const { where, expr } of queries())
      await eventually(
        async () => (await prometheus.query(filled(expr, info?.metric["name"] ?? ""))).length > 0,
        `${where}: ${expr}`,
      );
    for (const { where, expr } of rules()) assert.deepEqual(await prometheus.query(filled(expr, "")), [], where);
    await world.controlPlane.stop();
    await eventually(async () => fires(prometheus, "EdgemereAbsent"), "the absence of the control plane to be noticed");
  },
);

/** Something for the panels that show what was refused: a connection of who is no device, and a request. */
async function beRefused(): Promise<void> {
  const { ports, root } = world.controlPlane.ready;
  const url = `mqtts://127.0.0.1:${ports.mqtt}`;
  await assert.rejects(connectAsync(url, { ca: root, servername: SERVER_NAME, reconnectPeriod: 0 }, false));
  assert.equal((await metricsOf({ authorization: `Bearer ${await tokenFor("telemetry:read")}` })).status, 403);
}

const fires = async (prometheus: Prometheus, alert: string): Promise<boolean> => {
  const rule = rules().find(({ where }) => where === alert);
  return (await prometheus.query(rule?.expr ?? "")).length > 0;
};

async function scraping(): Promise<object> {
  const [credentials, root] = [join(world.folder, "token"), join(world.folder, "root.pem")];
  await writeFile(credentials, token, { mode: 0o600 });
  await writeFile(root, world.controlPlane.ready.root);
  const authorization = { credentials_file: credentials };
  const { portal, metrics } = world.controlPlane.ready.ports;
  return {
    global: { scrape_interval: "500ms" },
    scrape_configs: [
      { job_name: "plain", authorization, static_configs: [{ targets: [`127.0.0.1:${portal}`] }] },
      {
        job_name: "tls",
        scheme: "https",
        tls_config: { ca_file: root, server_name: SERVER_NAME },
        authorization,
        static_configs: [{ targets: [`127.0.0.1:${metrics ?? 0}`] }],
      },
    ],
  };
}

const rules = () =>
  (parse(readFileSync(rulesFile, "utf8")) as Rules).groups.flatMap((group) =>
    group.rules.map(({ alert, expr }) => ({ where: alert, expr })),
  );

const queries = () =>
  readdirSync(dashboards).flatMap((file) => {
    const { title, panels, templating } = JSON.parse(readFileSync(join(dashboards, file), "utf8")) as Dashboard;
    const variables = templating.list.flatMap(({ name, query }) => {
      const [, selector] = /^label_values\((.+), \w+\)$/.exec(typeof query === "string" ? query : query.query) ?? [];
      return selector === undefined ? [] : [{ where: `${title}, variable ${name}`, expr: selector }];
    });
    return [
      ...variables,
      ...panels.flatMap((panel) => panel.targets.map(({ expr }) => ({ where: `${title}, ${panel.title}`, expr }))),
    ];
  });

/** As Grafana would ask it of everything. */
const filled = (expr: string, device: string): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll("$job", ".*").replaceAll("$device", device);

const metricsIn = (expr: string): readonly string[] =>
  [...expr.matchAll(/\b(?:edgemere|process|nodejs)_\w+/g)].map(([name]) => name);
