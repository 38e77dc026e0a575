/** esbuild plugins that take out what a bundle must not carry. */

const stubs = [
  {
    // ink loads it only when DEV=true asks for React's own debugger, but bundling would resolve it always.
    filter: /^react-devtools-core$/,
    contents: "export default {};",
  },
  {
    // docker-modem reaches Docker over SSH when asked to; the daemon speaks to the local socket only, and ssh2 has native parts.
    filter: /^\.\/ssh$/,
    importer: /docker-modem[\\/]lib[\\/]modem\.js$/,
    contents: 'module.exports = () => { throw new Error("Docker over SSH is not part of this build"); };',
  },
  {
    // BuildKit sessions read .proto files next to their source, which a bundle does not have.
    filter: /^\.\/session$/,
    importer: /dockerode[\\/]lib[\\/]docker\.js$/,
    contents: 'module.exports = () => { throw new Error("BuildKit sessions are not part of this build"); };',
  },
  {
    // Its log of builds is decoded by protobufjs; builds go through the buildx program.
    filter: /^\.\/buildkit$/,
    importer: /dockerode[\\/]lib[\\/]docker\.js$/,
    contents: "module.exports = {};",
  },
  {
    // Used by dockerode to pack a build's context.
    filter: /^(tar-fs|@balena\/dockerignore)$/,
    importer: /dockerode[\\/]lib[\\/]util\.js$/,
    contents: "module.exports = {};",
  },
  {
    // 300 KB of messages in other languages; the English ones are imported by name.
    filter: /^\.\.\/locales\/index\.js$/,
    importer: /zod[\\/]v4[\\/](classic|core)[\\/]/,
    contents: "export {};",
  },
];

/** Replaces modules that are never used at run time by a few characters. */
export const stubUnused = {
  name: "stub-unused",
  setup(build) {
    stubs.forEach((stub, index) => {
      build.onResolve({ filter: stub.filter }, (args) => {
        if (stub.importer && !stub.importer.test(args.importer)) return undefined;
        return { path: `${index}`, namespace: "stub-unused" };
      });
    });
    build.onLoad({ filter: /.*/, namespace: "stub-unused" }, (args) => ({ contents: stubs[Number(args.path)].contents, loader: "js" }));
  },
};

/** Makes a native module in the guest's program a build error with a reason: the guest has no node_modules. */
export const refuseNative = {
  name: "refuse-native",
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, (args) => ({
      errors: [{ text: `${args.importer} needs the native module ${args.path}; the guest's program must be plain JavaScript` }],
    }));
  },
};
