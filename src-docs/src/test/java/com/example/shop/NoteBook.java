package com.example.shop;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.springframework.stereotype.Component;

@Component
class NoteBook {

	private final List<String> pages = new CopyOnWriteArrayList<>();

	void keep(String page) {
		this.pages.add(page);
	}

	List<String> pages() {
		return this.pages;
	}

}
