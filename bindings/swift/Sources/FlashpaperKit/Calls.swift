import FlashpaperAPI

/// Makes a call of the library that ends soon. A task that was cancelled before makes none.
func call<T>(_ body: () async throws -> T) async throws -> T {
    try Task.checkCancellation()
    do {
        return try await body()
    } catch {
        throw face(error)
    }
}

/// Makes a long call of the library, and ends it when its task is cancelled: a task's cancellation does not reach Rust by
/// itself.
func cancellable<T: Sendable>(_ body: @Sendable (FfiCancelToken) async throws -> T) async throws -> T {
    try Task.checkCancellation()
    let token = FfiCancelToken()
    return try await withTaskCancellationHandler {
        try await call { try await body(token) }
    } onCancel: {
        token.cancel()
    }
}

/// The error that an app gets for one of a call.
func face(_ error: any Error) -> any Error {
    switch error {
    case FfiFlashpaperError.Cancelled where Task.isCancelled: CancellationError()
    case let error as FfiFlashpaperError: error.face
    case is FlashpaperError, is CancellationError: error
    // What UniFFI throws where Rust panics.
    default: FlashpaperError.internal
    }
}
