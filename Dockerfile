# syntax=docker/dockerfile:1

# The image of the command `fastify-camunda`: docker build -t fastify-camunda .
# Put your own processes into domain/processes before the build.

FROM node:22-bookworm-slim AS base
WORKDIR /app

# better-sqlite3 has binaries for the common systems; on other systems npm compiles it with these tools.
FROM base AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json .npmrc ./

FROM tools AS dependencies
RUN npm ci --omit=dev --no-audit --no-fund

FROM tools AS build
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY migrations migrations
COPY domain domain
COPY infrastructure infrastructure
COPY jobs jobs
COPY src src
RUN npm run build

FROM base AS runtime
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
RUN ln -s /app/dist/src/bin.js /usr/local/bin/fastify-camunda \
 && mkdir /data \
 && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
# Checks liveness only: the load balancer decides what to do with an instance that is not ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["fastify-camunda"]
CMD ["serve"]
