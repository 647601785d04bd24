/** The shaders of the scene: a small photographer's studio in arithmetic, so that it looks the same with and without a graphics card. */

export const MOST_CHAMBERS = 4;

/** The surface around a chamber follows it: wholly inside its radius, not at all beyond 1.75 times that. */
export const MOVE = /* glsl */ `
uniform vec4 uChamber[${MOST_CHAMBERS}];
uniform float uSwell[${MOST_CHAMBERS}];
vec3 swollen(vec3 p) {
  vec3 moved = p;
  for (int i = 0; i < ${MOST_CHAMBERS}; i++) {
    vec3 r = p - uChamber[i].xyz;
    moved += r * uSwell[i] * (1.0 - smoothstep(uChamber[i].w, 1.75 * uChamber[i].w, length(r)));
  }
  return moved;
}
`;

// Lights hang on the camera, so that what one turns towards oneself is lit. `open` says how much of the sky a vertex
// sees, and in which direction: the sky it sees towards a light is the soft shadow of that light.
export const VERTEX = /* glsl */ `
attribute vec4 open;
varying vec3 vColour;
varying vec3 vNormal;
varying vec3 vView;
varying vec3 vRest;
varying vec3 vOpen;
const vec3 KEY = vec3(0.43, 0.70, 0.57);
const vec3 FILL = vec3(-0.82, 0.12, 0.56);
${MOVE}
float seen(vec3 light) {
  vec3 towards = (vec4(light, 0.0) * modelViewMatrix).xyz;
  return clamp(open.x + dot(open.yzw, towards), 0.0, 1.0);
}
void main() {
  vec4 at = modelViewMatrix * vec4(swollen(position), 1.0);
  vColour = color;
  vNormal = normalMatrix * normal;
  vView = -at.xyz;
  vRest = position;
  vOpen = vec3(clamp(open.x, 0.0, 1.0), seen(KEY), seen(FILL));
  gl_Position = projectionMatrix * at;
}
`;

const NOISE = /* glsl */ `
float hash(vec3 p) {
  p = 17.0 * fract(p * 0.3183099 + vec3(0.71, 0.113, 0.419));
  return fract(p.x * p.y * p.z * (p.x + p.y + p.z));
}
float noise(vec3 x) {
  vec3 i = floor(x);
  vec3 f = fract(x);
  f = f * f * (3.0 - 2.0 * f);
  vec4 low = vec4(hash(i), hash(i + vec3(1, 0, 0)), hash(i + vec3(0, 1, 0)), hash(i + vec3(1, 1, 0)));
  vec4 top = vec4(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), hash(i + vec3(0, 1, 1)), hash(i + vec3(1, 1, 1)));
  vec4 z = mix(low, top, f.z);
  return mix(mix(z.x, z.y, f.x), mix(z.z, z.w, f.x), f.y);
}
// Fibres run obliquely round the heart: the noise is stretched along them.
float fibres(vec3 p) {
  return noise(vec3(15.0 * p.x + 9.0 * p.y, 4.6 * p.y - 7.0 * p.x, 11.0 * p.z));
}
vec3 uneven(vec3 at, vec3 n, float h) {
  vec3 sx = dFdx(at);
  vec3 sy = dFdy(at);
  vec3 r1 = cross(sy, n);
  vec3 r2 = cross(n, sx);
  float det = dot(sx, r1);
  return normalize(abs(det) * n - sign(det) * (dFdx(h) * r1 + dFdy(h) * r2));
}
`;

const LIGHT = /* glsl */ `
const vec3 KEY = vec3(0.43, 0.70, 0.57);
const vec3 FILL = vec3(-0.82, 0.12, 0.56);
const vec3 RIM = vec3(-0.48, 0.42, -0.77);
const vec3 SKY = vec3(0.42, 0.44, 0.48);
const vec3 FLOOR = vec3(0.19, 0.165, 0.16);
// What a mirror in the studio sees: a bright dome, a soft box to the right, a strip to the left, a warm floor.
vec3 studio(vec3 r, float blur) {
  vec3 dome = mix(FLOOR * 0.8, vec3(0.95, 0.97, 1.02), smoothstep(-0.6 - blur, 0.8 + blur, r.y));
  float soft = smoothstep(0.86 - 0.5 * blur, 0.97 + 0.25 * blur, dot(r, normalize(vec3(0.5, 0.62, 0.6))));
  float strip = smoothstep(0.8 - 0.5 * blur, 0.98 + 0.3 * blur, dot(r, normalize(vec3(-0.9, 0.15, 0.4))));
  return dome + (1.0 - 0.55 * blur) * (soft * vec3(2.0, 1.95, 1.86) + strip * vec3(0.75, 0.82, 0.95));
}
float lobe(float ndh, float roughness) {
  float a = roughness * roughness;
  float d = ndh * ndh * (a * a - 1.0) + 1.0;
  return a * a / (3.14159 * d * d);
}
`;

export const FRAGMENT = /* glsl */ `
varying vec3 vColour;
varying vec3 vNormal;
varying vec3 vView;
varying vec3 vRest;
varying vec3 vOpen;
uniform float uRoughness;
uniform float uMetal;
uniform float uCoat;
uniform float uGrain;
uniform float uFlesh;
uniform float uOpacity;
${NOISE}
${LIGHT}
void main() {
  vec3 v = normalize(vView);
  vec3 smoothN = normalize(vNormal) * (gl_FrontFacing ? 1.0 : -1.0);
  vec3 n = smoothN;
  vec3 albedo = vColour;
  if (uGrain > 0.0) {
    float h = fibres(vRest);
    n = uneven(-vView, n, 0.011 * uGrain * h);
    albedo *= 1.0 + 0.13 * uGrain * (h - 0.5);
  }
  float ndv = clamp(dot(smoothN, v), 0.0, 1.0);
  float k = dot(n, KEY);
  // Flesh lets light through: the edge of the shadow is soft and a little redder.
  float key = clamp((k + 0.32 * uFlesh) / (1.0 + 0.32 * uFlesh), 0.0, 1.0);
  float bleed = uFlesh * max(0.0, key - max(k, 0.0));
  float fill = clamp(0.5 * dot(n, FILL) + 0.5, 0.0, 1.0);
  float keySeen = smoothstep(0.08, 0.92, vOpen.y);
  vec3 light = mix(FLOOR, SKY, 0.5 * n.y + 0.5) * vOpen.x * (0.25 + 0.75 * vOpen.x)
    + vec3(0.96, 0.92, 0.87) * key * keySeen
    + vec3(0.15, 0.17, 0.20) * fill * vOpen.z
    + vec3(0.26, 0.09, 0.06) * bleed * keySeen;
  vec3 colour = albedo * light * (1.0 - 0.82 * uMetal);
  float back = clamp(dot(n, RIM), 0.0, 1.0);
  colour += albedo * vec3(0.30, 0.34, 0.42) * back * back * vOpen.x;
  vec3 f0 = mix(vec3(0.04), albedo, uMetal);
  vec3 fresnel = f0 + (1.0 - f0) * pow(1.0 - ndv, 5.0) * (1.0 - uRoughness);
  vec3 h = normalize(KEY + v);
  float glow = lobe(clamp(dot(n, h), 0.0, 1.0), uRoughness) * max(k, 0.0) * keySeen;
  colour += fresnel * (0.55 * glow + studio(reflect(-v, n), uRoughness) * vOpen.x * mix(0.55, 0.9, uMetal));
  if (uCoat > 0.0) {
    float f = uCoat * (0.04 + 0.96 * pow(1.0 - ndv, 5.0) * 0.5);
    vec3 wet = mix(smoothN, n, 0.4);
    float spark = lobe(clamp(dot(wet, h), 0.0, 1.0), 0.3) * max(k, 0.0) * keySeen;
    colour += f * (0.8 * spark + studio(reflect(-v, wet), 0.3) * vOpen.x);
  }
  colour *= mix(0.44, 1.0, smoothstep(0.0, 0.5, ndv));
  gl_FragColor = vec4(colour, uOpacity);
  #include <tonemapping_fragment>
  #include <colorspace_fragment>
}
`;

/** A white body for masks; it moves like the thing itself. */
export const MASK_VERTEX = /* glsl */ `
${MOVE}
void main() { gl_Position = projectionMatrix * modelViewMatrix * vec4(swollen(position), 1.0); }
`;
export const MASK_FRAGMENT = 'void main() { gl_FragColor = vec4(1.0); }';

/** A soft contact shadow on the ground. */
export const GROUND_VERTEX = 'varying vec2 vAt; void main() { vAt = uv * 2.0 - 1.0; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }';
export const GROUND_FRAGMENT =
  'varying vec2 vAt; uniform float uDepth; void main() { float r = length(vAt); gl_FragColor = vec4(0.05, 0.06, 0.07, uDepth * pow(max(0.0, 1.0 - r), 1.8)); }';
