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
