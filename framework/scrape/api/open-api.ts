import { fastifySwagger } from '@fastify/swagger';
import { fastifySwaggerUi } from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly hasTokens: boolean;
}

/** Describes the routes that are added from now on: for programs at `/openapi.json`, for people at `/docs`. */
export async function addOpenApi(server: FastifyInstance, { title, version, hasTokens }: OpenApiInfo): Promise<void> {
  await server.register(fastifySwagger, {
    openapi: {
      info: { title, version },
      ...(hasTokens && {
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      }),
    },
  });
  await server.register(fastifySwaggerUi, { routePrefix: '/docs' });
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
}
