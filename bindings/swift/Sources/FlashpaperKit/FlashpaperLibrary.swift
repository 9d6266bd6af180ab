@_exported import FlashpaperAPI
import Foundation

/// The way to the library, and what needs no open one.
public enum FlashpaperLibrary {
    /// Opens a folder. No network is touched, nor will it be before ``Flashpaper/startTor(_:deadline:)`` or
    /// ``Flashpaper/sync(deadline:entry:)``. A folder that this process has open already gives the same library: closing one closes
    /// it for all. One that is locked is unlocked by its key, and suspended then; one that is suspended stays so: call
    /// ``Flashpaper/resume()``. With the duress passphrase it gives an empty one: see ``Flashpaper/setDuress(_:)``.
    ///
    /// Throws where the folder cannot be used, is in use by another process or for another network, is sealed with another key,
    /// or is damaged; where the key store does not hand its key out; where the configuration is invalid.
    public static func open(_ config: Config) async throws -> any Flashpaper {
        let engine = try await cancellable { try await FfiEngine.open(config: config.ffi, cancel: $0) }
        return await Library(engine)
    }

    /// Ends everything of a folder: takes all keys and contents out of memory, has the key store delete its keys, and removes all
    /// files of this library there, Tor's too. Work of a library that is open is cut off; each call of it throws
    /// ``FlashpaperError/closed`` from then on. Accounts stay at their servers, where nobody knows their passwords any more.
    ///
    /// From any thread, also where the folder is open in another process, locked, or not there; it can be called again. Takes
    /// milliseconds, and as long as `keys` takes: the key store that sealed the folder; without one, a file or a passphrase did.
    @discardableResult
    public static func panic(folder: URL, keys: (any KeySource)? = nil) -> PanicReport {
        FlashpaperKit.panic(home: folder.path, source: keys.map(ForeignKeys.init)).face
    }

    /// ``panic(folder:keys:)``, and leaves a ticket, by which the accounts can be removed at their servers later, from any
    /// device: see ``Flashpaper/redeem(_:)``. **With the ticket one can log into the accounts**, so that it undoes a part of a
    /// panic's purpose. There is none where no unlocked library of this process has the folder, or there is no account in it.
    public static func panicWithTicket(folder: URL, keys: (any KeySource)? = nil) -> TicketedPanic {
        FlashpaperKit.panicWithTicket(home: folder.path, source: keys.map(ForeignKeys.init)).face
    }

    /// Keeps this process's memory out of core dumps and from debuggers of the same user, from here on: to be called before
    /// anything secret is in it. It holds for all of the process, so that it is for the app to decide. `false`: the platform has
    /// no such thing (Linux and Android have), or has refused.
    public static func forbidDumps() -> Bool { FlashpaperKit.forbidDumps() }

    /// Keeps this process's memory out of swap, from here on. It holds for all of the process, so that it is for the app to
    /// decide. `false`: the platform has no such thing (Linux and Android have), or does not let this process lock as much memory
    /// as it likes.
    public static func forbidSwap() -> Bool { FlashpaperKit.forbidSwap() }
}
