package com.example.shop;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import io.grpc.Context;
import io.strand.grpc.service.scope.GrpcContextTaskDecorator;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

@Configuration(proxyBeanMethods = false)
@EnableAsync
class Counters {

	// tag::executor[]
	@Bean(defaultCandidate = false)
	ThreadPoolTaskExecutor scanners() {
		ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
		executor.setTaskDecorator(new GrpcContextTaskDecorator());
		return executor;
	}
	// end::executor[]

	// tag::wrap[]
	static CompletableFuture<Void> beside(Executor executor, Runnable task) {
		return CompletableFuture.runAsync(task, Context.currentContextExecutor(executor));
	}
	// end::wrap[]

}
