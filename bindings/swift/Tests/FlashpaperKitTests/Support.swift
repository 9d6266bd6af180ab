import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

/// A folder of its own, on the lab.
struct Home {
    let lab: Lab
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        lab = try Lab()
    }

    func open(_ key: Key = .file, facts: String? = nil) async throws -> any Flashpaper {
        try await FlashpaperLibrary.open(Config(folder: folder, key: key, privateNetwork: facts ?? lab.facts))
    }

    /// Closes the library whatever happens, so that the next test has its Tor client.
    func with(
        _ key: Key = .file, facts: String? = nil, _ body: (any Flashpaper) async throws -> Void
    ) async throws {
        let library = try await open(key, facts: facts)
        do {
            try await body(library)
        } catch {
            await library.close()
            throw error
        }
        await library.close()
        try? FileManager.default.removeItem(at: folder)
    }
}

let burnerTest = CreateOptions(server: "burner.test")

/// A process of its own that runs one test, which is for such a process alone, in a folder.
struct Child {
    private static let variable = "FLASHPAPER_CHILD"
    /// The folder, where this process is such a one.
    static let folder = ProcessInfo.processInfo.environment[variable].map { URL(fileURLWithPath: $0) }

    private let process = Process()
    private let said: URL

    init(_ test: String, in folder: URL) throws {
        said = Self.file(beside: folder)
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--testing-library", "swift-testing", "--filter", test]
        process.environment = ProcessInfo.processInfo.environment.merging([Self.variable: folder.path]) { $1 }
        try process.run()
    }

    /// Waits for what it says.
    func says() async throws -> String {
        while process.isRunning, !FileManager.default.fileExists(atPath: said.path) {
            try await Task.sleep(for: .milliseconds(50))
        }
        guard let text = try? String(contentsOf: said, encoding: .utf8) else { throw Lab.Failure(reason: "the child has failed") }
        return text
    }

    /// Kills it.
    func end() {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Tells the process that has started this one.
    static func say(_ text: String) throws {
        guard let folder else { return }
        try Data(text.utf8).write(to: file(beside: folder), options: .atomic)
    }

    private static func file(beside folder: URL) -> URL { folder.appendingPathExtension("said") }
}

/// Waits for a value of a stream.
func reach<T>(_ stream: AsyncStream<T>, _ expected: String, _ isReached: (T) throws -> Bool) async throws {
    for await value in stream where try isReached(value) { return }
    throw Lab.Failure(reason: "never \(expected)")
}

/// How many threads and open files this process has.
func threadsAndFiles() throws -> (threads: Int, files: Int) {
    let count = { (kind: String) in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(kind)").count }
    return (try count("task"), try count("fd"))
}
