import type { PackageManager } from "./options.js";

/**
 * Files that put an app beside Dapr: a container, a multi-app run file, Kubernetes, Azure Container Apps.
 *
 * The order of death is the same in all of them: the app finishes within 5 s (`shutdownTimeout`), the sidecar stays for
 * it, and only then the platform ends both.
 *
 * @see https://docs.dapr.io/reference/arguments-annotations-overview/
 */
export function deploymentFiles(id: string, packageManager: PackageManager): Readonly<Record<string, string>> {
  return {
    Dockerfile: dockerfile(packageManager),
    ".dockerignore": "node_modules\nbuild\n.git\n*.log\n",
    "dapr.yaml": `version: 1
common:
  resourcesPath: ./components
apps:
  - appID: ${id}
    appDirPath: .
    appPort: 3001
    command: [node, build/main.js]
`,
    "deploy/kubernetes.yaml": kubernetes(id),
    "deploy/container-app.bicep": bicep(id),
  };
}

const containers: Readonly<
  Record<
    PackageManager,
    { readonly files: string; readonly set: string; readonly all: string; readonly production: string }
  >
> = {
  npm: { files: "package.json package-lock.json*", set: "", all: "npm ci", production: "npm ci --omit=dev" },
  pnpm: {
    files: "package.json pnpm-lock.yaml*",
    set: "RUN corepack enable\n",
    all: "pnpm install --frozen-lockfile",
    production: "pnpm install --frozen-lockfile --prod",
  },
  yarn: {
    files: "package.json yarn.lock*",
    set: "RUN corepack enable\n",
    all: "yarn install --frozen-lockfile",
    production: "yarn install --frozen-lockfile --production",
  },
  bun: {
    files: "package.json bun.lock*",
    set: "RUN npm install --global bun\n",
    all: "bun install --frozen-lockfile",
    production: "bun install --frozen-lockfile --production",
  },
};

function dockerfile(packageManager: PackageManager): string {
  const { files, set, all, production } = containers[packageManager];
  return `FROM node:22-slim AS build
WORKDIR /app
${set}COPY ${files} ./
RUN ${all}
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM node:22-slim
WORKDIR /app
ENV NODE_ENV=production
${set}COPY ${files} ./
RUN ${production}
COPY --from=build /app/build ./build
# The sidecar and the probes call from outside of the container.
ENV APP_HOST=0.0.0.0
EXPOSE 3001
USER node
CMD ["node", "build/main.js"]
`;
}

function kubernetes(id: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${id}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: ${id}
  template:
    metadata:
      labels:
        app: ${id}
      annotations:
        dapr.io/enabled: "true"
        dapr.io/app-id: ${id}
        dapr.io/app-port: "3001"
        dapr.io/enable-app-health-check: "true"
        dapr.io/app-health-check-path: /healthz
        dapr.io/app-health-probe-interval: "3"
        # What daprd must send with everything, so that nobody else in the cluster can call the app:
        # kubectl create secret generic app-api-token --from-literal=token="$(openssl rand -hex 32)"
        dapr.io/app-token-secret: app-api-token
        # The sidecar outlives the app's own 5 s (shutdownTimeout), so that what is in flight can still be sent.
        dapr.io/block-shutdown-duration: 6s
        dapr.io/graceful-shutdown-seconds: "10"
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: ${id}
          image: ${id}:latest
          env:
            - name: APP_API_TOKEN
              valueFrom:
                secretKeyRef:
                  name: app-api-token
                  key: token
          ports:
            - containerPort: 3001
          # The app lives, and its sidecar answers and has what the functions name.
          readinessProbe:
            httpGet:
              path: /readyz
              port: 3001
          livenessProbe:
            httpGet:
              path: /healthz
              port: 3001
            # Stays 204 while the app finishes; a stopping app is not to be killed for it.
            failureThreshold: 6
          resources:
            requests:
              cpu: 100m
              memory: 96Mi
            limits:
              memory: 256Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            runAsNonRoot: true
            runAsUser: 1000
`;
}

function bicep(id: string): string {
  return `@description('The environment of Azure Container Apps, which has the Dapr components.')
param environmentId string

@description('The image of the app, with its registry.')
param image string

param location string = resourceGroup().location

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${id}'
  location: location
  properties: {
    managedEnvironmentId: environmentId
    configuration: {
      // APP_API_TOKEN is set by Container Apps itself, and its sidecar sends it: a value of your own would refuse everything.
      dapr: {
        enabled: true
        appId: '${id}'
        appPort: 3001
        appProtocol: 'http'
      }
    }
    template: {
      // Container Apps has no block-shutdown-duration: what is in flight when a replica stops may be delivered again.
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: '${id}'
          image: image
          probes: [
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: 3001
              }
            }
            {
              type: 'Liveness'
              failureThreshold: 6
              httpGet: {
                path: '/healthz'
                port: 3001
              }
            }
          ]
          resources: {
            cpu: json('0.25')
            memory: '0.5Gi'
          }
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 3
      }
    }
  }
}
`;
}
